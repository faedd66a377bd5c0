"""How the pages become a site: settings of Sphinx, its two extensions, the build."""
