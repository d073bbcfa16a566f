// UnstuckProbing
