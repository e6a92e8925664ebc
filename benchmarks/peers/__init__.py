"""policy-service beside other engines and servers: the same policies and questions, in one run."""
