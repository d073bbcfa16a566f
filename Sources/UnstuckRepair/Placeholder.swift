// UnstuckRepair
