// UnstuckRender
