print("unstuck-lab")
