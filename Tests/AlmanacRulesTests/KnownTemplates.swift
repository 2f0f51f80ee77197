// Long templates stand in one line.
// swift-format-ignore-file: LineLength

/// Templates with what Prometheus' promtool 2.42 made of them, for a series `up` with `instance`,
/// `job` and `path`.
enum KnownTemplates {
  /// Template, value, and the text.
  static let texts: [(template: String, value: Double, text: String)] = [
    ("{{ $value | humanize }}", 0, "0"),
    ("{{ $value | humanize }}", 1, "1"),
    ("{{ $value | humanize }}", 1234567, "1.235M"),
    ("{{ $value | humanize }}", 0.12, "120m"),
    ("{{ $value | humanize }}", -1500, "-1.5k"),
    ("{{ $value | humanize }}", 1e27, "1000Y"),
    ("{{ $value | humanize }}", 999.99, "1000"),
    ("{{ $value | humanize }}", 1000, "1k"),
    ("{{ $value | humanize }}", 0.0001234, "123.4u"),
    ("{{ $value | humanize1024 }}", 0, "0"),
    ("{{ $value | humanize1024 }}", 1, "1"),
    ("{{ $value | humanize1024 }}", 1048576, "1Mi"),
    ("{{ $value | humanize1024 }}", 0.12, "0.12"),
    ("{{ $value | humanize1024 }}", 2048, "2ki"),
    ("{{ $value | humanize1024 }}", -3000000000000.0, "-2.728Ti"),
    ("{{ $value | humanize1024 }}", 1023, "1023"),
    ("{{ $value | humanize1024 }}", 1.5, "1.5"),
    ("{{ $value | humanizeDuration }}", 0, "0s"),
    ("{{ $value | humanizeDuration }}", 1, "1s"),
    ("{{ $value | humanizeDuration }}", 60, "1m 0s"),
    ("{{ $value | humanizeDuration }}", 3600, "1h 0m 0s"),
    ("{{ $value | humanizeDuration }}", 86400, "1d 0h 0m 0s"),
    ("{{ $value | humanizeDuration }}", 90000, "1d 1h 0m 0s"),
    ("{{ $value | humanizeDuration }}", -183845, "-2d 3h 4m 5s"),
    ("{{ $value | humanizeDuration }}", 899.99, "14m 59s"),
    ("{{ $value | humanizeDuration }}", 0.1, "100ms"),
    ("{{ $value | humanizeDuration }}", 0.0001, "100us"),
    ("{{ $value | humanizeDuration }}", 0.12345, "123.5ms"),
    ("{{ $value | humanizeDuration }}", 60.1, "1m 0s"),
    ("{{ $value | humanizeDuration }}", 1.2345, "1.234s"),
    ("{{ $value | humanizeDuration }}", 12.345, "12.35s"),
    ("{{ $value | humanizeDuration }}", 1000000000000000.0, "11574074074d 1h 46m 40s"),
    ("{{ $value | humanizePercentage }}", -0.22456, "-22.46%"),
    ("{{ $value | humanizePercentage }}", 0, "0%"),
    ("{{ $value | humanizePercentage }}", 0.1234567, "12.35%"),
    ("{{ $value | humanizePercentage }}", 0.23456, "23.46%"),
    ("{{ $value | humanizePercentage }}", 1.5, "150%"),
    ("{{ $value | humanizePercentage }}", 12, "1200%"),
    ("{{ $value | humanizeTimestamp }}", 1435065584.128, "2015-06-23 13:19:44.128 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", 0, "1970-01-01 00:00:00 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", 1600000000, "2020-09-13 12:26:40 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", -1.5, "1969-12-31 23:59:58.5 +0000 UTC"),
    ("{{ $value | toTime }}", 1435065584.128, "2015-06-23 13:19:44.128 +0000 UTC"),
    (
      #"{{ printf "%.2f" $value }} {{ $value | printf "%06.1f|%-8.3e|%g|%G|%+.0f|%8d|% d" }}"#,
      12.345,
      "12.35 0012.3|%!e(MISSING)|%!g(MISSING)|%!G(MISSING)|%!f(MISSING)|%!d(MISSING)|%!d(MISSING)"
    ),
    (
      #"{{ printf "%.2f" $value }} {{ $value | printf "%06.1f|%-8.3e|%g|%G|%+.0f|%8d|% d" }}"#,
      -3.5,
      "-3.50 -003.5|%!e(MISSING)|%!g(MISSING)|%!G(MISSING)|%!f(MISSING)|%!d(MISSING)|%!d(MISSING)"
    ),
    (
      #"{{ printf "%d %5d|%-5d|%05d|%+d|%x|%o|%c|%q" 42 42 42 42 42 255 8 65 "x" }}"#,
      1, #"42    42|42   |00042|+42|ff|10|A|"x""#
    ),
    (#"{{ $labels.instance | reReplaceAll "(.*):.*" "$1" }}"#, 5, "web-1.example.org"),
    (#"{{ reReplaceAll "[0-9]+" "<$0>" $labels.instance }}"#, 5, "web-<1>.example.org:<9100>"),
    (#"{{ reReplaceAll "x*" "-" "abxd" }}"#, 5, "-a-b-d-"),
    (#"{{ if match "^web-" $labels.instance }}web{{ else }}other{{ end }}"#, 5, "web"),
    (
      #"{{ $labels.instance | title }} {{ $labels.job | toUpper }} {{ "ABC" | toLower }} {{ "aa bb CC" | title }}"#,
      5, "Web-1.Example.Org:9100 NODE abc Aa Bb CC"
    ),
    (
      #"{{ $labels.instance | stripPort }} {{ $labels.instance | stripDomain }} {{ "[::1]:80" | stripPort }} {{ "10.0.0.1:80" | stripDomain }}"#,
      5, "web-1.example.org web-1:9100 ::1 10.0.0.1:80"
    ),
    (#"a {{- " b " -}} c"#, 5, "a b c"),
    ("a  {{- /* comment */ -}}  c", 5, "ac"),
    (
      "{{ if and (gt $value 3.0) (lt $value 10.0) }}in{{ else if ge $value 10.0 }}above{{ else }}below{{ end }}",
      5, "in"
    ),
    (
      #"{{ if eq $labels.job "x" "node" }}yes{{ end }}{{ if ne $labels.job "x" }} no{{ end }}"#,
      5, "yes no"
    ),
    ("{{ with $labels.nope }}{{ . }}{{ else }}none{{ end }}", 5, "none"),
    (
      "{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}",
      5, "__name__=up;instance=web-1.example.org:9100;job=node;path=/var/lib;"
    ),
    (
      #"{{ range query "metric" | sortByLabel "host" }}{{ .Labels.host }}:{{ .Value }} {{ end }}"#,
      5, "a:11 b:21 "
    ),
    (
      #"{{ query "metric{host='a'}" | first | value }} {{ query "metric{host='a'}" | first | label "host" }}"#,
      5, "11 a"
    ),
    (#"{{ range query "nothing" }}x{{ else }}empty{{ end }}"#, 5, "empty"),
    ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}", 5, "2"),
    (
      #"{{ len $labels }} {{ len "abc" }} {{ index $labels "job" }} {{ not true }} {{ or "" "x" }} {{ and 1 0 }}"#,
      5, "4 3 node false x 0"
    ),
    (#"{{ print 1 2 "a" "b" 3 4.5 }} {{ println "x" 1 }}|"#, 5, "1 2ab3 4.5 x 1\n|"),
    (
      #"{{ 1.5 }} {{ 100 }} {{ 0x10 }} {{ 1e3 }} {{ -3 }} {{ `raw\n` }} {{ "tab\t\"q\"" }} {{ true }}"#,
      5, "1.5 100 16 1000 -3 raw\\n tab\t\"q\" true"
    ),
    (
      #"{{ printf "%s %v %q %t" "a" 1.5 "q" true }} {{ printf "%5s|%-5s|%.1s" "ab" "ab" "ab" }} {{ printf "%%" }}"#,
      5, #"a 1.5 "q" true    ab|ab   |a %"#
    ),
    (
      #"{{ urlquery "a b&c" }} {{ html "<a&b>" }} {{ parseDuration "1h30m" }}"#,
      5, "a+b%26c &lt;a&amp;b&gt; 5400"
    ),
    ("{{ $labels.nope }}|{{ $labels.nope | len }}", 5, "|0"),
    (
      #"{{ (query "metric" | first).Value }} {{ (index (query "metric{host='b'}") 0).Labels.host }}"#,
      5, "21 b"
    ),
    (
      #"{{ range $i, $s := query "metric" | sortByLabel "host" }}{{ if $i }}, {{ end }}{{ $s.Labels.host }}{{ end }}"#,
      5, "a, b"
    ),
    (
      #"{{ humanizeDuration "3600" }} {{ "1000" | humanize }} {{ 5 | humanize }}"#,
      5, "1h 0m 0s 1k 5"
    ),
    (
      #"{{ range query "metric" | sortByLabel "host" }}{{ if eq .Labels.host "b" }}{{ break }}{{ end }}{{ .Labels.host }}{{ end }}"#,
      5, "a"
    ),
    (#"{{ args 1 "a" }} {{ (args 1 "a").arg1 }}"#, 5, "map[arg0:1 arg1:a] a"),
    (#"{{ slice "abc" 1 2 }}"#, 5, "b"),
  ]

  /// Templates that it reads, but whose expansion is an error.
  static let errors: [String] = [
    #"{{ "x" | humanize }}"#,
    "{{ eq 1 1.0 }}",
    "{{ lt true false }}",
    "{{ index $labels 1 }}",
    "{{ $value.x }}",
    #"{{ reReplaceAll "(" "" "x" }}"#,
    "{{ printf 1 }}",
    "{{ title 1 }}",
    "{{ title }}",
    "{{ first 1 }}",
    "{{ 5 | $labels }}",
    "{{ $value 1 }}",
    "{{ .Labels.job 1 }}",
    "{{ $labels.job.x }}",
    "{{ len 3 }}",
    "{{ eq 1 }}",
    "{{ toUpper $value }}",
    "{{ $value | toUpper }}",
  ]
}
