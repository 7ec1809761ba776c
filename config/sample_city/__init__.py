"""A city in a box for the demo: Gaon (가온시), synthetic from its coast to its buses."""
