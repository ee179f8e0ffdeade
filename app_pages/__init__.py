"""The pages of the dashboard, one per file. A page draws what lies in artifacts; it never computes or writes."""
