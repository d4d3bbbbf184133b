import FanfareActors
import Testing

@Suite struct JobStateTests {
  @Test func everyStateStandsWhereItsWordDoes() {
    let states: [JobState] = [
      .scheduled, .waiting, .queued, .running, .retrying, .succeeded, .dead(.failed), .cancelled,
    ]
    #expect(states.map(\.word) == JobState.words)
    #expect(states.map { JobState.words[$0.place] } == JobState.words)
  }
}
