"""What people look at: read tables, each made from events alone and disposable."""
