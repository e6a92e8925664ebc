"""What is legal and still a mistake: one rule a file, over tree, plan and text; pure, no input or output."""
