"""HTTP resources: commands by POST, queries by GET."""
