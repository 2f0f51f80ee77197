import AlmanacTesting
import Foundation
import Testing

/// `kill -9` at random moments of everything that a store does at once: writes, late writes,
/// deletions, seals, merges, retention, backups. One directory goes through all rounds.
@Suite(.serialized) struct MixedKillTests {
  private static let rounds = ServerProcess.isSoak ? 200 : 12

  /// Options that make seals and merges happen all the time.
  private static func options(
    _ random: inout SeededGenerator, hasRetention: Bool
  ) -> [String] {
    hasRetention && Bool.random(using: &random) ? ["--retention", "40d"] : []
  }

  @Test(
    "kills among writes, deletions, seals and merges lose nothing and invent nothing",
    arguments: [false, true])
  func kills(hasRetention: Bool) async throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("mixed kills: seed \(seed), retention \(hasRetention)")
    var random = SeededGenerator(seed: seed)
    let directory = try TemporaryDirectory()
    var clients = Clients(4, seed: seed)
    // What retention takes, and where, is not judged near its edge or behind it.
    let oldest = hasRetention ? Int(Date().timeIntervalSince1970) - 39 * 86_400 : 0
    var confirmed = 0
    for round in 0...Self.rounds {
      let place = "seed \(seed), retention \(hasRetention), round \(round)"
      let server = try await ServerProcess(
        directory: directory.path, port: FreePorts.next(),
        sealAfter: [200, 1_000, 5_000].randomElement(using: &random) ?? 1_000,
        arguments: Self.options(&random, hasRetention: hasRetention))
      try await clients.judge(server, place) { $0 >= oldest }
      guard round < Self.rounds else {
        #expect(server.terminate() == 0)
        break
      }
      let pause = Int.random(in: 100...1_500, using: &random)
      try await clients.run(against: server) {
        try await Task.sleep(for: .milliseconds(pause))
        server.killNow()
      }
      confirmed += clients.confirmed
    }
    #expect(confirmed > Self.rounds * 10, "too little was done to prove anything")
    let check = try ServerProcess.run(["check", directory.path])
    #expect(check.code == 0, "seed \(seed): \(check.output) \(check.error)")
    print(
      "\(Self.rounds) kills, \(confirmed) operations confirmed; \(check.output)", terminator: "")
  }

  @Test("a backup beside a server that is killed holds what was confirmed before it began")
  func backups() async throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("backups: seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let directory = try TemporaryDirectory()
    let data = directory.path + "/data"
    var clients = Clients(3, seed: seed)
    for index in clients.all.indices { clients.all[index].deletes = false }
    for round in 0..<(ServerProcess.isSoak ? 60 : 6) {
      let place = "seed \(seed), round \(round)"
      let copies = "\(directory.path)/\(round)"
      var began: UInt64 = 0
      var ended: UInt64 = 0
      var code: Int32 = 0
      var complaint = ""
      let server = try await ServerProcess(
        directory: data, port: FreePorts.next(), sealAfter: 300)
      try await clients.judge(server, place)
      let pause = Int.random(in: 200...1_000, using: &random)
      try await clients.run(against: server) {
        try await Task.sleep(for: .milliseconds(pause))
        // The server's end meets the backup somewhere.
        let (process, delay) = (server.process.processIdentifier, pause % 150)
        let killer = Task.detached {
          try await Task.sleep(for: .milliseconds(delay))
          kill(process, SIGKILL)
        }
        began = Client.now()
        let backup = try ServerProcess.run(["backup", data, copies])
        (code, complaint) = (backup.code, backup.error)
        ended = Client.now()
        try await killer.value
        server.killNow()
      }
      try #require(code == 0, "\(place): \(complaint)")
      let restored = try ServerProcess.run(["restore", copies, copies + "-restored"])
      try #require(restored.code == 0, "\(place): \(restored.error)")
      let check = try ServerProcess.run(["check", copies + "-restored"])
      #expect(check.code == 0, "\(place): \(check.output)")
      let copy = try await ServerProcess(
        directory: copies + "-restored", port: FreePorts.next())
      for client in clients.all {
        let found = try await client.read(from: copy.url)
        let verdict = client.judge(found, confirmedBefore: began, sentBefore: ended)
        #expect(verdict.contents != nil, "\(place): backup: \(verdict.message)")
      }
      copy.killNow()
    }
  }
}
