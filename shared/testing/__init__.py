"""What tests of every service share: given/when/then, waiting for a condition, real infrastructure."""
