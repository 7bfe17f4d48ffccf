"""The rules of checkin, without I/O: one file per aggregate, and one for each rule that several of them need."""
