"""Asks a server through the libraries that people use: prometheus-api-client, pandas, pyarrow.

Usage: clients.py URL. The server has `m` of the hosts a and b each minute from START on, COUNT
samples each: 1 and 2 more each time. Ends with a message where an answer is not what it should be.
"""

import sys
import urllib.request
from datetime import datetime, timezone
from urllib.parse import urlencode

import pandas
import pyarrow
import pyarrow.ipc
from prometheus_api_client import MetricRangeDataFrame, MetricSnapshotDataFrame, PrometheusConnect

START = 1788220800
COUNT = 600
END = START + 60 * (COUNT - 1)


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: found {found!r}, wanted {wanted!r}")


def prometheus(url):
    client = PrometheusConnect(url=url, disable_ssl=True)
    expect(client.check_prometheus_connection(), True, "connection")
    expect(client.all_metrics(), ["m"], "all_metrics")
    expect(client.get_label_names(), ["__name__", "host"], "get_label_names")
    expect(client.get_label_values("host"), ["a", "b"], "get_label_values")
    at = {"time": END}
    expect(
        client.custom_query("sum(m)", params=at),
        [{"metric": {}, "value": [END, str(3 * (COUNT - 1))]}],
        "custom_query",
    )
    expect(
        client.get_current_metric_value("m", {"host": "b"}, params=at),
        [{"metric": {"__name__": "m", "host": "b"}, "value": [END, str(2 * (COUNT - 1))]}],
        "get_current_metric_value",
    )
    moment = lambda seconds: datetime.fromtimestamp(seconds, timezone.utc)
    found = client.custom_query_range("m", moment(START), moment(START + 120), "60")
    expect(
        found,
        [
            {
                "metric": {"__name__": "m", "host": host},
                "values": [[START + 60 * i, str(step * i)] for i in range(3)],
            }
            for host, step in [("a", 1), ("b", 2)]
        ],
        "custom_query_range",
    )
    expect(len(MetricRangeDataFrame(found)), 6, "MetricRangeDataFrame")
    expect(
        len(MetricSnapshotDataFrame(client.custom_query("m", params=at))), 2,
        "MetricSnapshotDataFrame",
    )
    raw = client.get_metric_range_data(
        "m", {"host": "a"}, moment(START), moment(END), chunk_size=None)
    expect(sum(len(one["values"]) for one in raw) >= COUNT - 1, True, "get_metric_range_data")


def tables(url):
    address = f"{url}/api/v1/table?" + urlencode({"query": "m[1d]", "time": END})
    csv = pandas.read_csv(address + "&format=csv", parse_dates=["time"])
    expect(list(csv.columns), ["time", "metric", "host", "value"], "CSV columns")
    expect(str(csv["time"].dtype).startswith("datetime64["), True, f"CSV time {csv.dtypes}")
    expect(csv["time"].iloc[0], pandas.Timestamp(START, unit="s", tz="UTC"), "first time")
    with urllib.request.urlopen(address + "&format=arrow") as answer:
        expect(
            answer.headers["Content-Type"], "application/vnd.apache.arrow.stream", "Arrow's type")
        table = pyarrow.ipc.open_stream(answer).read_all()
    table.validate(full=True)
    texts = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    expect(
        table.schema,
        pyarrow.schema([
            pyarrow.field("time", pyarrow.timestamp("ns", "UTC"), nullable=False),
            pyarrow.field("metric", texts, nullable=False), pyarrow.field("host", texts),
            pyarrow.field("value", pyarrow.float64()),
        ]),
        "Arrow schema",
    )
    frame = table.to_pandas()
    expect(len(frame), 2 * COUNT, "Arrow rows")
    for name in csv.columns:
        expect(list(frame[name]), list(csv[name]), f"Arrow column {name}")

    # Every type of column, missing values too.
    query = urlencode({"query": "outliers(m[2h], all=true)", "time": END, "format": "arrow"})
    with urllib.request.urlopen(f"{url}/api/v1/table?{query}") as answer:
        table = pyarrow.ipc.open_stream(answer).read_all()
    table.validate(full=True)
    types = {str(field.type) for field in table.schema}
    expect(
        {"double", "int64", "string", "timestamp[ns, tz=UTC]"} <= types, True, f"types {types}")
    csv = pandas.read_csv(f"{url}/api/v1/table?{query.replace('arrow', 'csv')}")
    expect(len(table), len(csv), "rows of outliers")
    # NaN and empty texts are missing to pandas and values to Arrow.
    frame = table.to_pandas().replace("", None)
    for name in csv.columns:
        expect(int(frame[name].isna().sum()), int(csv[name].isna().sum()), f"missing {name}")
    expect(table["comparable"].null_count > 0, True, "null")


prometheus(sys.argv[1])
tables(sys.argv[1])
print("ok")
