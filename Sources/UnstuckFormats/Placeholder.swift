// UnstuckFormats
