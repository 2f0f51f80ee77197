import AlmanacCore
import Testing

@testable import AlmanacIngest

private let outside =
  "time outside range -9223372036854775806 - 9223372036854775806"

private func overflow(_ kind: String, _ function: String, _ text: String) -> String {
  "unable to parse \(kind) \(text): strconv.Parse\(function): parsing \"\(text)\": "
    + "value out of range"
}

@Suite("Line protocol") struct LineProtocolTests {
  @Test(
    "a good line becomes its points",
    arguments: [
      ("m,host=a v=1 9", ["m_v<host=a> 1 9"]),
      ("m,host=a value=1 9", ["m<host=a> 1 9"]),
      ("m value=1,v=2 9", ["m 1 9", "m_v 2 9"]),
      ("m v=1", ["m_v 1 \(testNow)"]),
      ("m v=1 ", ["m_v 1 \(testNow)"]),
      ("m v=1 \t", ["m_v 1 \(testNow)"]),
      ("m v=1 -1000000000", ["m_v 1 -1000000000"]),
      ("m v=1 -9223372036854775806", ["m_v 1 -9223372036854775806"]),
      ("m v=1 9223372036854775806", ["m_v 1 9223372036854775806"]),
      ("m v=1 0000000000000000000000000000012", ["m_v 1 12"]),
      ("m,host=a v=1 9\r\nm,host=b v=2 8\r\n", ["m_v<host=a> 1 9", "m_v<host=b> 2 8"]),
      ("m v=1\r", ["m_v 1 \(testNow)"]),
      ("m s=\"a\"\r\nm v=t\r\n", ["m_v 1 \(testNow)"]),
      ("# note\n\n  \n\t\r\nm,host=a v=2 9\n", ["m_v<host=a> 2 9"]),
      ("# a=\" \\\nm v=2 9\n", ["m_v 2 9"]),
      ("odd v=1  9", ["odd_v 1 9"]),
      ("odd v=1 9 ", ["odd_v 1 9"]),
      (" odd v=1 9", ["odd_v 1 9"]),
      ("odd  \tv=1 \t9", ["odd_v 1 9"]),
      ("odd v=1,v=2 9", ["odd_v 1 9", "odd_v 2 9"]),
      (
        "odd v=.5,w=5.,x=-0,y=1e3,z=1E-2,a=1e+2 9",
        [
          "odd_v 0.5 9", "odd_w 5 9", "odd_x -0 9", "odd_y 1000 9", "odd_z 0.01 9", "odd_a 100 9",
        ]
      ),
      ("odd v=1e-400 9", ["odd_v 0 9"]),
      ("odd time=1 9", ["odd_time 1 9"]),
      ("odd,time=x v=1 9", ["odd_v<time=x> 1 9"]),
      (
        #"types f=1.5,e=1e3,i=3i,b=t,b2=FALSE,s="a \"q\" b" 7"#,
        [
          "types_f 1.5 7", "types_e 1000 7", "types_i 3 7", "types_b 1 7", "types_b2 0 7",
        ]
      ),
      (
        "b a=t,b=T,c=true,d=True,e=TRUE,f=f,g=F,h=false,i=False,j=FALSE 1",
        [
          "b_a 1 1", "b_b 1 1", "b_c 1 1", "b_d 1 1", "b_e 1 1", "b_f 0 1", "b_g 0 1", "b_h 0 1",
          "b_i 0 1", "b_j 0 1",
        ]
      ),
      (
        "uns u=3u,w=18446744073709551615u,x=0u 7",
        [
          "uns_u 3 7", "uns_w 1.8446744073709552e+19 7", "uns_x 0 7",
        ]
      ),
      (
        "i a=-9223372036854775808i,b=9223372036854775807i,c=-0i,d=007i 1",
        [
          "i_a -9.223372036854776e+18 1", "i_b 9.223372036854776e+18 1", "i_c 0 1", "i_d 7 1",
        ]
      ),
      (
        #"my\ m,b=2,a=1,sp\ ace=x\,y\=z f=1,s="q\"q\\b, x=y" 7"#,
        [
          "my m_f<a=1,b=2,sp ace=x,y=z> 1 7"
        ]
      ),
      (#"m\=b,a\\b=c\d f\,g\ h\=i=1 7"#, [#"m=b_f,g h=i<a\\b=c\d> 1 7"#]),
      ("t,a=\"q v=1 5\nt,a=\"q v=2 6", ["t_v<a=\"q> 1 5", "t_v<a=\"q> 2 6"]),
      ("m s=\"a\nm v=1 5\n\",v=2 6\nm v=3 7", ["m_v 2 6", "m_v 3 7"]),
      ("dup v=1 5\ndup v=2 5\ndup w=9 5", ["dup_v 1 5", "dup_v 2 5", "dup_w 9 5"]),
      ("温度,場所=東京 値=21.5 1", ["温度_値<場所=東京> 21.5 1"]),
      ("", []), ("\n\n", []), ("   ", []), ("#", []), ("\r", []),
    ])
  func goodLines(_ text: String, _ expected: [String]) {
    let batch = parse(text)
    #expect(batch.errors == [])
    #expect(batch.points.map(\.description) == expected)
  }

  @Test(
    "a bad line is refused with InfluxDB's reason and its place",
    arguments: [
      (",host=a v=1 9", 1, "missing measurement"),
      (",", 1, "missing measurement"),
      ("m", 2, "missing fields"),
      ("m,host=a", 9, "missing fields"),
      ("m,host=a\r", 9, "missing fields"),
      ("m,host=a ", 10, "invalid field format"),
      ("m ", 3, "invalid field format"),
      ("m,host=a 1767225600000000000", 29, "invalid field format"),
      ("m,", 3, "missing tag key"),
      ("m, v=1", 3, "missing tag key"),
      ("m,,a=b v=1", 3, "missing tag key"),
      ("m,=a v=1", 3, "missing tag key"),
      ("m,host", 7, "missing tag value"),
      ("m,host v=1", 7, "missing tag value"),
      ("m,host= v=1 9", 8, "missing tag value"),
      ("m,host=", 8, "missing tag value"),
      ("m,host=,a=b v=1", 8, "missing tag value"),
      ("m,a=b=c v=1", 6, "invalid tag format"),
      ("m,host=a,host=b v=1 9", 10, "duplicate tags"),
      ("m,a=1,b=2,a=3 v=1 9", 11, "duplicate tags"),
      ("m,b=1,a=2,b=3 v=1 9", 11, "duplicate tags"),
      ("m,host=a v= 9", 12, "missing field value"),
      ("m v=", 5, "missing field value"),
      ("m v=,w=1", 5, "missing field value"),
      ("m v=\r\n", 5, "missing field value"),
      ("m =1", 3, "missing field key"),
      ("m v=1,=2", 7, "missing field key"),
      ("m v", 4, "invalid field format"),
      ("m v=1,", 7, "invalid field format"),
      ("m ,v=1", 3, "invalid field format"),
      ("m v=1,,w=2", 7, "invalid field format"),
      ("m a b=1", 4, "invalid field format"),
      ("m s=\"x\"y 5", 8, "invalid field format"),
      ("m,host=a s=\"x 9", 12, "unbalanced quotes"),
      ("m s=\"x\\\"", 5, "unbalanced quotes"),
      ("m,host=a v=abc 9", 12, "invalid boolean"),
      ("odd v=+1 9", 7, "invalid boolean"),
      ("m v=i", 5, "invalid boolean"),
      ("m v=tr", 5, "invalid boolean"),
      ("m v=tRUE", 5, "invalid boolean"),
      ("m v=true1", 5, "invalid boolean"),
      ("m,host=a v=NaN 9", 12, "invalid number"),
      ("m v=nan", 5, "invalid number"),
      ("odd v=Inf 9", 7, "invalid number"),
      ("odd v=+Infinity 9", 7, "invalid number"),
      ("odd v=-Inf 9", 8, "invalid number"),
      ("odd v=0x1 9", 8, "invalid number"),
      ("odd v=1\t9", 8, "invalid number"),
      ("m v=1.5i", 5, "invalid number"),
      ("m v=9i10", 7, "invalid number"),
      ("m v=-i", 5, "invalid number"),
      ("m v=--1", 6, "invalid number"),
      ("m v=1-2", 6, "invalid number"),
      ("m v=-1u", 5, "invalid number"),
      ("m v=1iu", 7, "invalid number"),
      ("m v=1.2.3", 8, "invalid number"),
      ("m v=.", 5, "invalid number"),
      ("m v=-", 5, "invalid number"),
      ("m v=-.", 5, "invalid number"),
      ("m v=1\"", 6, "invalid number"),
      ("m v=1e", 5, "invalid float"),
      ("m v=1e5.5", 5, "invalid float"),
      ("m v=1e3e4", 5, "invalid float"),
      ("odd v=1e400 9", 7, "invalid float"),
      ("m v=1 yesterday", 7, "bad timestamp"),
      ("m v=1 5x", 8, "bad timestamp"),
      ("m v=1 -", 8, "bad timestamp"),
      ("m v=1 1.5", 8, "bad timestamp"),
      ("m v=1 1 2", 9, "point is invalid"),
      ("m v=1 9223372036854775807", 7, outside),
      ("m v=1 -9223372036854775807", 7, outside),
      ("m v=1 18446744073709551617", 7, outside),
      ("m v=1 99999999999999999999999999", 7, outside),
      ("big i=9223372036854775808i 9", 7, overflow("integer", "Int", "9223372036854775808")),
      ("big i=-9223372036854775809i", 7, overflow("integer", "Int", "-9223372036854775809")),
      ("big i=18446744073709551616u", 7, overflow("unsigned", "Uint", "18446744073709551616")),
      ("m\0x v=1", 2, "zero byte in key"),
      ("m,a=b\0 v=1", 6, "zero byte in key"),
      ("m v\0=1", 4, "zero byte in key"),
      ("  m v=x", 7, "invalid boolean"),
    ] as [(String, Int, String)])
  func badLines(_ line: String, column: Int, reason: String) throws {
    let good = "good v=1 1\n"
    let batch = parse(good + line + "\n" + (reason == "unbalanced quotes" ? "" : good))
    let error = try #require(batch.errors.first)
    #expect(batch.errors.count == 1)
    #expect(batch.rejectedLines == 1)
    #expect(error.line == 2)
    #expect(error.column == column)
    #expect(error.reason == reason)
    let text = line.drop { $0 == " " }.split(separator: "\r\n").joined()
    let shown = text.hasSuffix("\r") ? String(text.dropLast()) : text
    if reason != "unbalanced quotes" {
      #expect(error.text == shown)
      #expect(error.message == "unable to parse '\(shown)': \(reason)")
      #expect(batch.points.map(\.description) == ["good_v 1 1", "good_v 1 1"])
    }
    #expect(batch.seriesCount == 1)
  }

  @Test("what cannot be read is a syntax error, what cannot be stored a semantic one")
  func kinds() {
    let lines =
      "m v=x\nm,a=1,a=2 v=1\nm v=1 9223372036854775807\nm v=1e400\n"
      + "m v=9999999999999999999i\n"
    #expect(
      parse(lines).errors.map(\.kind) == [.syntax, .semantic, .semantic, .semantic, .semantic])
  }

  @Test("bytes that are not UTF-8 are refused in keys, skipped in strings")
  func invalidUTF8() {
    let parser = LineProtocol(
      precision: .nanoseconds, now: Timestamp(nanoseconds: 1), database: nil)
    for bad: [UInt8] in [[0xFF], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xC3]] {
      for (before, after) in [("m", " v=1"), ("m,a=", " v=1"), ("m,", "=b v=1"), ("m v", "=1")] {
        let batch = parser.parse(Array(before.utf8) + bad + Array(after.utf8))
        #expect(batch.errors.map(\.reason) == ["invalid UTF-8 in key"])
        #expect(batch.errors.first?.column == before.utf8.count + 1)
      }
      let batch = parser.parse(Array("m s=\"".utf8) + bad + Array("\"".utf8))
      #expect(batch.acceptedLines == 1 && batch.skippedStrings == 1)
    }
  }

  @Test("a timestamp counts units of the precision")
  func precisions() throws {
    for (parameter, stamp) in [
      ("s", 1_767_225_600), ("ms", 1_767_225_600_000), ("u", 1_767_225_600_000_000),
      ("us", 1_767_225_600_000_000), ("µs", 1_767_225_600_000_000), ("n", testNow),
      ("ns", testNow), ("", testNow), ("m", 29_453_760), ("h", 490_896),
    ] as [(String, Int64)] {
      let precision = try #require(Precision(parameter: parameter))
      #expect(parse("p v=1 \(stamp)", precision: precision).timestamps == [testNow])
    }
    #expect(Precision(parameter: "bogus") == nil)
    let batch = parse("m v=1 \(testNow)\nm v=1 9223372036", precision: .seconds)
    #expect(batch.timestamps == [9_223_372_036_000_000_000])
    #expect(batch.errors.map(\.reason) == [outside])
  }

  @Test("the database is a label unless it is empty or a tag")
  func databases() {
    let text = "m,a=1,z=2 v=1 1\nm,db=own v=1 1\nm value=1 1\nm,z=1,a=2 v=1 1"
    #expect(
      parse(text, database: "bench").points.map(\.description) == [
        "m_v<a=1,db=bench,z=2> 1 1", "m_v<db=own> 1 1", "m<db=bench> 1 1",
        "m_v<a=2,db=bench,z=1> 1 1",
      ])
    #expect(parse(text, database: "").points == parse(text).points)
    #expect(parse("m v=1", database: "a\0b").errors.map(\.kind) == [.semantic])
  }

  @Test("a series is held once, whatever the order or spelling of its tags")
  func distinctSeries() {
    let batch = parse(
      "m,a=1,b=2 v=1,w=2 1\nm,b=2,a=1 w=3,v=4 2\nm,a=1,b=2 v=5 3\nm_v,b=2,a=1 value=6 4")
    #expect(batch.seriesCount == 2)
    #expect(batch.series == [0, 1, 1, 0, 0, 0])
    #expect(batch.keyEnds.last == batch.keyBytes.count)
    let labels = Labels([("b", "2"), ("a", "1")])
    #expect(Array(batch.key(0)) == SeriesKey(metric: "m_v", labels: labels).encoded)
    #expect(Array(batch.key(1)) == SeriesKey(metric: "m_w", labels: labels).encoded)
  }

  @Test("many fields and many series keep their places")
  func manyFields() {
    let names = (0..<100).map { "field_number_\($0)" }
    let line = "m,a=1 " + names.map { "\($0)=1i" }.joined(separator: ",") + " 1\n"
    let reversed =
      "m,a=1 " + names.reversed().map { "\($0)=2i" }.joined(separator: ",") + " 2\n"
    let batch = parse(line + reversed + line)
    #expect(batch.seriesCount == 100)
    #expect(batch.series.map(Int.init) == Array(0..<100) + (0..<100).reversed() + Array(0..<100))
    let hosts = parse((0..<1000).map { "m,h=\($0 % 500) v=1 1" }.joined(separator: "\n"))
    #expect(hosts.series.map(Int.init) == Array(0..<500) + Array(0..<500))
  }

  @Test("a refused line leaves neither points nor series nor counts")
  func wholeLines() {
    let batch = parse(
      "m,h=1 a=1,s=\"x\",b=9007199254740993i,c=x 1\nm,h=1 c=1 1\nm,h=2 a=1 x\nm s=\"only\"")
    #expect(batch.points.map(\.description) == ["m_c<h=1> 1 1"])
    #expect(batch.seriesCount == 1)
    #expect(batch.acceptedLines == 2 && batch.rejectedLines == 2)
    #expect(batch.skippedStrings == 1 && batch.roundedIntegers == 0)
    #expect(batch.errors.map(\.line) == [1, 3])
  }

  @Test("integers that no Double holds are rounded and counted")
  func roundedIntegers() {
    let batch = parse(
      "m a=9007199254740992i,b=9007199254740993i,c=-9007199254740993i,d=9007199254740994i,"
        + "e=18446744073709551615u,f=9223372036854775807i,g=-9223372036854775808i 1")
    #expect(batch.roundedIntegers == 4)
    #expect(batch.values[1] == 9_007_199_254_740_992 && batch.values[2] == -batch.values[1])
    #expect(batch.values[4] == 0x1p64 && batch.values[5] == 0x1p63 && batch.values[6] == -0x1p63)
  }

  @Test("line numbers count newlines inside strings")
  func lineNumbers() {
    let batch = parse("m s=\"a\n\nb\",v=1 1\nbad\nm,h= s=\"x\ny\" 5\nworse\n# c\r\n\r\nbad\n")
    #expect(batch.errors.map(\.line) == [4, 5, 7, 10])
    #expect(batch.errors.map(\.text) == ["bad", "m,h= s=\"x\ny\" 5", "worse", "bad"])
  }

  @Test("a hundred errors are kept, with the text of a long line cut")
  func errorLimits() throws {
    let batch = parse(String(repeating: "bad\n", count: 150))
    #expect(batch.errors.count == 100 && batch.rejectedLines == 150)
    let long = try #require(parse(String(repeating: "é", count: 500)).errors.first)
    #expect(long.text == String(repeating: "é", count: 100) + "...")
    let invalid = LineProtocol(
      precision: .nanoseconds, now: Timestamp(nanoseconds: 1), database: nil
    ).parse([UInt8](repeating: 0xFF, count: 150))
    #expect(invalid.errors.allSatisfy { $0.text.utf8.count <= 203 && $0.text.hasSuffix("...") })
  }

  @Test("a key longer than 65,535 bytes is refused")
  func longKeys() {
    // m, its zero byte, a, zero byte, value, zero byte.
    let fits = String(repeating: "x", count: 65_535 - 5)
    #expect(parse("m,a=\(fits) value=1").seriesCount == 1)
    #expect(
      parse("m,a=\(fits)x value=1").errors.map(\.reason) == [
        "max key length exceeded: 65536 > 65535"
      ])
    #expect(parse("m,a=\(fits) v=1").errors.map(\.kind) == [.semantic])
  }

  @Test("one write cannot ask for keys without end")
  func buildLimit() {
    var parser = LineProtocol(
      precision: .nanoseconds, now: Timestamp(nanoseconds: 1), database: nil)
    parser.buildLimit = 10_000
    let tags = "m,a=" + String(repeating: "x", count: 1000)
    let batch = parser.parse(
      Array(
        "\(tags) a=1\n\(tags) \((0..<9).map { "f\($0)=1" }.joined(separator: ","))\n\(tags) a=2"
          .utf8))
    #expect(batch.values == [1, 2] && batch.seriesCount == 1)
    #expect(batch.errors.map(\.reason) == ["too many series in one write"])
    #expect(batch.errors.map(\.kind) == [.semantic])
  }

  @Test("a broken line among good ones is the only one refused")
  func probeBatches() {
    let three = parse("m,host=p1 v=1 9\nm,host=p2 v=\nm,host=p3 v=3 9\n")
    #expect(three.points.map(\.description) == ["m_v<host=p1> 1 9", "m_v<host=p3> 3 9"])
    #expect(
      three.errors.map(\.message) == ["unable to parse 'm,host=p2 v=': missing field value"])
    let two = parse("bad\nm,host=p4 v=1 9\nm,host=p5 v=x 1\n")
    #expect(
      two.errors.map(\.message) == [
        "unable to parse 'bad': missing fields",
        "unable to parse 'm,host=p5 v=x 1': invalid boolean",
      ])
    #expect(two.points.map(\.description) == ["m_v<host=p4> 1 9"])
    // What InfluxDB calls a type conflict is none here.
    let mixed = parse("m,host=c v=5 1\nm,host=c v=\"text\" 2\nm v=1i 3\nm v=\"text\",w=7 4")
    #expect(mixed.acceptedLines == 4 && mixed.skippedStrings == 2 && mixed.values == [5, 1, 7])
  }
}
