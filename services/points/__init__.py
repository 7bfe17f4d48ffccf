"""Points 积分: patrol reports, what they pay, and the accounts that hold it."""
