"""The rules of welfare, one file per aggregate."""
