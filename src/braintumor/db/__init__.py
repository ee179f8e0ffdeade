"""Records of users: database, stored scans, audit log. Nothing here is imported until a user stores something."""
