// UnstuckDiagnosis
