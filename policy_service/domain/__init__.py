"""What things are: frozen values of the access-decision domain, standard library only."""
