"""Questions to rows over HTTP, asked of Entrepot and of its peers in one run."""
