"""Authorisation as OCPI asks for it: of a token, at a location and its EVSEs, which are chargers here."""
