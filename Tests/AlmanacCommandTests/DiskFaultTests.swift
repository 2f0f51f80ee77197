import AlmanacTesting
import Foundation
import Testing

/// A disk that is full, fails or may not be written: writes are refused and say why, queries go on,
/// nothing confirmed is lost, and all is well again when the disk is.
@Suite(.serialized) struct DiskFaultTests {
  @Test(
    "a disk that fails and recovers costs refused writes only",
    .enabled(if: Disk.obstacle == nil, "\(Disk.obstacle ?? "")"),
    arguments: Disk.Fault.allCases.dropFirst())
  func faults(fault: Disk.Fault) async throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("disk faults: seed \(seed), \(fault)")
    var random = SeededGenerator(seed: seed)
    let folder = try TemporaryDirectory()
    let disk = try Disk(in: folder)
    var clients = Clients(3, seed: seed)
    var refused = 0
    var slowest = 0.0
    let rounds = ServerProcess.isSoak ? 30 : 4
    for round in 0..<rounds {
      let place = "seed \(seed), \(fault), round \(round)"
      let server = try await ServerProcess(
        directory: disk.root, port: FreePorts.next(), sealAfter: 300,
        environment: disk.environment(recording: false))
      try await clients.judge(server, place)
      let healthy = Int.random(in: 100...600, using: &random)
      let failing = Int.random(in: 200...1_500, using: &random)
      let count = UInt8.random(in: 1...60, using: &random)
      // Every second round the server is killed while the disk fails.
      let isKilled = round % 2 == 1
      let readers = clients.all
      try await clients.run(against: server, patient: true) {
        try await Task.sleep(for: .milliseconds(healthy))
        // The fault begins at any write: of a commit, a seal, a merge, the catalog.
        disk.fail(fault, afterWrites: count)
        try await Task.sleep(for: .milliseconds(failing))
        if isKilled {
          server.killNow()
          disk.fail(.none)
          return
        }
        // Queries are answered, whatever the clients have written by now; the trouble has a name.
        for client in readers { _ = try await client.read(from: server.url) }
        let health = try await ServerProcess.send("GET", server.url + "/health")
        #expect(health.status == 503 || health.status == 200, "\(place): \(health.body)")
        if health.status == 503 {
          #expect(health.body.contains("fail") && health.body.contains("cannot"), "\(health.body)")
        }
        disk.fail(.none)
        let ended = ContinuousClock.now
        // No client is needed for the server to find out that the disk is well.
        while try await ServerProcess.send("GET", server.url + "/health").status != 200 {
          try #require(ContinuousClock.now - ended < .seconds(10), "\(place): it stays in trouble")
          try await Task.sleep(for: .milliseconds(50))
        }
        slowest = max(slowest, (ContinuousClock.now - ended) / .seconds(1))
        try await Task.sleep(for: .milliseconds(300))
      }
      if !isKilled {
        let reply = try await ServerProcess.send(
          "POST", server.url + "/write", body: "after value=\(round) 1000\n")
        #expect(reply.status == 204, "\(place): \(reply.body)")
        server.killNow()
      }
    }
    for client in clients.all {
      refused += client.refusals[503] ?? 0
    }
    let server = try await ServerProcess(directory: disk.root, port: FreePorts.next())
    try await clients.judge(server, "seed \(seed), \(fault), at the end")
    #expect(server.terminate() == 0)
    let check = try ServerProcess.run(["check", disk.root])
    #expect(check.code == 0, "seed \(seed): \(check.output) \(check.error)")
    #expect(refused > 0, "no write met the fault")
    print("\(rounds) faults, \(refused) operations refused, well after at most \(slowest) s")
  }
}
