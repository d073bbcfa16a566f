import ArgumentParser
import UnstuckModel

extension DurationArgument: ExpressibleByArgument {}
