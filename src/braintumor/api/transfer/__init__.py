"""What travels between client and server: uploads, files with entity tags, repeated requests; and their limits."""
