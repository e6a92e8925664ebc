"""How questions are answered: policies to a plan, a plan to decisions; pure functions of their arguments."""
