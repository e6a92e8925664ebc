"""Authorisation as OCPP asks for it: what is decided, when, and how an answer looks in each version's words."""
