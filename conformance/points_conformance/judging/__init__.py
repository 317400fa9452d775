"""What judges: rules, the catalogue, findings, verdicts, evidence, budgets. Knows no Points."""
