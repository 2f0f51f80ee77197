import AlmanacTesting
import Foundation
import Testing

/// The command line as a user meets it.
@Suite(.serialized) struct CommandTests {
  @Test("write, query, models and a clean stop")
  func wholeWay() async throws {
    let directory = try TemporaryDirectory()
    let server = try await ServerProcess(
      directory: directory.path, port: FreePorts.next())
    let lines = (0..<600).map { "disk,host=x value=\($0) \(1_788_220_800 + $0 * 60)" }
    let written = try ServerProcess.run(
      ["write", "-", "--precision", "s", "--server", server.url],
      input: lines.joined(separator: "\n"))
    #expect(written.code == 0, "\(written.error)")
    #expect(written.output == "600 lines written, 0 refused\n")

    let rows = try ServerProcess.run([
      "query", "disk<host=x>[2m]", "--time", "1788256740", "--format", "csv", "--server",
      server.url,
    ])
    #expect(
      rows.output == """
        time,metric,host,value
        2026-09-01T09:58:00Z,disk,x,598
        2026-09-01T09:59:00Z,disk,x,599

        """)
    // Beside the running server.
    let beside = try ServerProcess.run([
      "query", "disk<host=x>[2m]", "--time", "1788256740", "--format", "csv", "--data",
      directory.path,
    ])
    #expect(beside.output == rows.output, "\(beside.error)")

    let chart = try ServerProcess.run([
      "query", "forecast(disk<host=x>, 2h, model=linear, wait=1m)", "--time", "1788256740",
      "--server", server.url,
    ])
    #expect(chart.code == 0, "\(chart.error)")
    #expect(chart.output.contains("disk<host=x>"))
    #expect(chart.output.contains("forecast"))
    #expect(chart.output.split(separator: "\n").count >= 15)

    let models = try ServerProcess.run(["models", "list", "--server", server.url])
    #expect(models.output.contains("disk<host=x>"))
    #expect(models.output.contains("linear"))
    #expect(server.terminate() == 0)
  }

  @Test("bad lines are reported by number and kept in a reject file")
  func rejects() async throws {
    let directory = try TemporaryDirectory()
    let server = try await ServerProcess(
      directory: directory.path + "/data", port: FreePorts.next())
    let file = directory.path + "/lines.lp"
    try "m v=1 1\nm v=\n\nm v=3 3\nbad\n".write(toFile: file, atomically: true, encoding: .utf8)
    let result = try ServerProcess.run([
      "write", file, "--precision", "s", "--server", server.url,
    ])
    #expect(result.code == 1)
    #expect(result.output == "2 lines written, 2 refused\n")
    #expect(result.error.contains("line 2:") && result.error.contains("line 5:"))
    #expect(try String(contentsOfFile: file + ".rejects", encoding: .utf8) == "m v=\nbad\n")
    #expect(try await server.rows("m_v", "&start=0&end=10").count == 2)
  }

  @Test("errors are one line with a hint; exit codes tell a failed request from wrong usage")
  func errors() async throws {
    let directory = try TemporaryDirectory()
    let server = try await ServerProcess(
      directory: directory.path, port: FreePorts.next())
    let parse = try ServerProcess.run(["query", "memory<host=x", "--server", server.url])
    #expect(parse.code == 1)
    #expect(parse.error.contains("line 1, column 14"))
    #expect(parse.error.contains("close the selector"))
    let usage = try ServerProcess.run(["query"])
    #expect(usage.code == 2)
    let nobody = try ServerProcess.run(["query", "m", "--server", "http://127.0.0.1:9"])
    #expect(nobody.code == 1)
    #expect(nobody.error.contains("almanac serve"))
    let second = try ServerProcess.run([
      "serve", "--data", directory.path, "--listen", "127.0.0.1:0",
    ])
    #expect(second.code == 1)
    #expect(second.error.contains("another Almanac server"))
    for command in [[], ["serve"], ["query"], ["write"], ["models"], ["demo"]] {
      let help = try ServerProcess.run(command + ["--help"])
      #expect(help.code == 0)
      #expect(help.output.contains("OVERVIEW"))
    }
  }

  @Test("the demo touches no directory that is not its own, and no port that there is not")
  func demoIsCareful() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/thesis.txt"
    try "years of work".write(toFile: file, atomically: true, encoding: .utf8)
    let result = try ServerProcess.run(["demo", "--data", directory.path])
    #expect(result.code == 1)
    #expect(result.error.contains("not the demo's"))
    #expect(FileManager.default.fileExists(atPath: file))
    #expect(try ServerProcess.run(["demo", "--port", "70000"]).code == 2)
  }

  @Test("SIGTERM ends the server within ten seconds, a query waiting for a training or not")
  func stopsInTime() async throws {
    let directory = try TemporaryDirectory()
    let server = try await ServerProcess(
      directory: directory.path, port: FreePorts.next())
    let lines = (0..<2000).map {
      "sig,host=x value=\(($0 * 37) % 101 + $0 % 144) \(1_788_220_800 + $0 * 600)"
    }
    _ = try await ServerProcess.send(
      "POST", server.url + "/write?precision=s", body: lines.joined(separator: "\n"))
    let query = "forecast(sig<host=x>, 1d, model=seq2seq, epochs=10000, wait=1h)"
    let url = server.table(query, "&time=1789420800")
    let waiting = Task { try? await ServerProcess.send("GET", url) }
    var jobs = ""
    while !jobs.contains("\"running\"") {
      jobs = try await ServerProcess.send("GET", server.url + "/api/v1/jobs").body
    }
    let began = ContinuousClock.now
    #expect(server.terminate() == 0)
    #expect(ContinuousClock.now - began < .seconds(10))
    _ = await waiting.value
  }

  @Test("a model survives a kill of the server")
  func modelSurvives() async throws {
    let directory = try TemporaryDirectory()
    let query = "forecast(disk<host=x>, 1h, model=linear, wait=1m)"
    let lines = (0..<600).map { "disk,host=x value=\($0) \(1_788_220_800 + $0 * 60)" }
    var states: [String] = []
    for round in 0..<2 {
      let server = try await ServerProcess(
        directory: directory.path, port: FreePorts.next())
      if round == 0 {
        _ = try await ServerProcess.send(
          "POST", server.url + "/write?precision=s", body: lines.joined(separator: "\n"))
      }
      let reply = try await ServerProcess.send(
        "GET", server.table(query, "&time=1788256740"))
      states.append(reply.body.contains("\"state\":\"hit\"") ? "hit" : "trained")
      server.killNow()
    }
    #expect(states == ["trained", "hit"])
  }
}
