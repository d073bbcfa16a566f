// UnstuckLab
