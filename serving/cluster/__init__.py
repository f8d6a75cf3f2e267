"""Ray: starting or joining it, putting the application on it, and sharing machines out between replicas."""
