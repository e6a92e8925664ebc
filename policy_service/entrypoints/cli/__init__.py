"""The command line: one command a module, each loaded only when it is asked for."""
