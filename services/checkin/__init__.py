"""Checkin: stations, who is inside, and who is on duty."""
