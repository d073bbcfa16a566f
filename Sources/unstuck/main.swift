print("unstuck")
