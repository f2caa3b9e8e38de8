"""Parts of the pages under Label."""
