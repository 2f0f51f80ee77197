import AlmanacTesting
import Foundation
import Testing

/// The power goes at random moments: what a disk may then hold opens, and has everything that was
/// confirmed before.
@Suite(.serialized) struct PowerLossTests {
  @Test(
    "after a power cut everything confirmed is there and nothing is damaged",
    .enabled(if: Disk.obstacle == nil, "\(Disk.obstacle ?? "")"))
  func cuts() async throws {
    let recordings = ServerProcess.isSoak ? 6 : 2
    for _ in 0..<recordings {
      try await record(cuts: ServerProcess.isSoak ? 50 : 10)
    }
  }

  /// Writes down one run of a server, and cuts it at `count` moments.
  private func record(cuts count: Int) async throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("power cuts: seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let folder = try TemporaryDirectory()
    let disk = try Disk(in: folder)
    var clients = Clients(3, seed: seed)
    let server = try await ServerProcess(
      directory: disk.root, port: FreePorts.next(), sealAfter: 300,
      environment: disk.environment(recording: true))
    try await clients.run(against: server) {
      try await Task.sleep(for: .seconds(3))
      // Where others take the processor too, a little longer.
      for _ in 0..<30 where try bytes(of: disk.log) < 500_000 {
        try await Task.sleep(for: .seconds(1))
      }
      server.killNow()
    }
    let log = try DiskLog(path: disk.log)
    try #require(log.records.count > 200, "the disk saw too little")
    // Half of the moments are where names or the order of things change.
    let marked = log.records.indices.filter {
      if case .write = log.records[$0].operation { return false }
      return true
    }
    var open = 0
    for number in 0..<count {
      let moment =
        (Bool.random(using: &random)
          ? marked.randomElement(using: &random)
          : log.records.indices.randomElement(using: &random)) ?? 0
      let place = "seed \(seed), cut \(number) during operation \(moment) of \(log.records.count)"
      let target = "\(disk.folder)/cut"
      try PowerCut.make(log, root: disk.root, during: moment, into: target, &random)
      let cut = log.records[moment].ended
      let check = try ServerProcess.run(["check", target])
      let isEmpty = !FileManager.default.fileExists(atPath: target + "/catalog.mdb")
      #expect(check.code == 0 || isEmpty, "\(place): \(check.output) \(check.error)")
      let survivor = try await ServerProcess(
        directory: target, port: FreePorts.next(), sealAfter: 300)
      for client in clients.all {
        let verdict = client.judge(
          try await client.read(from: survivor.url), confirmedBefore: cut)
        #expect(verdict.contents != nil, "\(place): \(verdict.message)")
      }
      // It goes on from there.
      let reply = try await ServerProcess.send(
        "POST", survivor.url + "/write", body: "after value=1 1000\n")
      #expect(reply.status == 204, "\(place): \(reply.body)")
      #expect(survivor.terminate() == 0, "\(place)")
      let after = try ServerProcess.run(["check", target])
      #expect(after.code == 0, "\(place): after a new start: \(after.output) \(after.error)")
      open += 1
      try FileManager.default.removeItem(atPath: target)
    }
    print(
      "\(open) cuts among \(log.records.count) operations of the disk, "
        + "\(clients.confirmed) confirmed by the server")
  }

  private func bytes(of path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
  }
}
