#!/usr/bin/env python3
"""Expected figures of the reference program's tests, computed apart from it.

    python3 test/examples/dawsos/expected.py

prints them by the test file that has them. Python 3.10 or newer, standard library only; `npm test` does not run it. It
reads the CSV files and `simulated.json`, and shares nothing else with the program: what was bought when, the made-up
series and the scales of the ratings are written down again here, and the methods are others. The time-weighted return
is that of a unit whose price is counted in fractions, the money-weighted one is found by Newton's method, a drawdown is
the worst of all pairs, deviations and regressions are those of the module `statistics`, weights under a limit come from
a search for the scale at which they add up to 1.
"""
import csv
import datetime
import json
import math
import pathlib
import statistics
from fractions import Fraction

DATA = pathlib.Path(__file__).resolve().parents[3] / "examples" / "dawsos" / "data"
SIMULATED = json.loads((DATA / "simulated.json").read_text(encoding="utf-8"))


def closes():
    """Closes as exact fractions by symbol and date."""
    series = {}
    for file, name in (("stocks.csv", None), ("sp500.csv", "SPX")):
        with open(DATA / file, newline="", encoding="utf-8") as rows:
            for row in csv.DictReader(rows):
                date = datetime.datetime.strptime(row["date"], "%b %d %Y").date()
                series.setdefault(name or row["symbol"], {})[date] = Fraction(row["price"])
    return series


CLOSES = closes()
DATES = sorted(CLOSES["SPX"])
LAST = DATES[-1]
MONTH = {date: index for index, date in enumerate(DATES)}


def sine(month, period, phase=0):
    return math.sin(2 * math.pi * (month + phase) / period)


def dollars(currency, date):
    month = MONTH[date]
    if currency == "EUR":
        return Fraction(1.15 + 0.2 * sine(month, 96, -30) + 0.03 * sine(month, 11))
    if currency == "CAD":
        return Fraction(0.8 + 0.14 * sine(month, 110, -40) + 0.02 * sine(month, 13))
    return Fraction(1)


INDICATORS = {
    "T10Y2Y": [1.1 + 1.4 * sine(m, 90, 10) for m in range(len(DATES))],
    "UNRATE": [5.8 + 2.4 * sine(m, 105, -70) + 0.2 * sine(m, 12) for m in range(len(DATES))],
    "CPIAUCSL": [2.6 + 1.5 * sine(m, 60, 20) for m in range(len(DATES))],
    "BAA10Y": [2.4 + 1.1 * sine(m, 90, -55) for m in range(len(DATES))],
    "DGS10": [4.3 + 0.9 * sine(m, 100, 25) for m in range(len(DATES))],
    "GFDEGDQ188S": [55 + m / 4 for m in range(len(DATES))],
}


def on(text):
    return datetime.date.fromisoformat(text)


GROWTH = [
    ("AAPL", 300, on("2005-01-01")),
    ("GOOG", 40, on("2006-01-01")),
    ("MSFT", 500, on("2006-06-01")),
    ("AMZN", 200, on("2007-03-01")),
]
INCOME = [
    ("IBM", 150, on("2005-06-01")),
    ("MSFT", 400, on("2008-10-01")),
    ("SPX", 10, on("2009-03-01")),
]


# Portfolios -----------------------------------------------------------------------------------------------------------


class Portfolio:
    """Trades (symbol, quantity, date) in US dollars, seen through the price of a unit that money can't move."""

    def __init__(self, trades, valued_from=None):
        self.trades = trades
        first = min(date for _, _, date in trades)
        self.dates = [date for date in DATES if date >= (valued_from or first)]
        self.units = Fraction(0)
        self.unit_prices = []
        self.paid_in = []
        for date in self.dates:
            before = self.worth([trade for trade in trades if trade[2] < date], date)
            price = before / self.units if self.units else Fraction(1)
            paid = self.worth([trade for trade in trades if trade[2] == date], date)
            self.units += paid / price
            self.unit_prices.append(price)
            if paid:
                self.paid_in.append((date, paid))

    @staticmethod
    def worth(trades, date):
        return sum((quantity * CLOSES[symbol][date] for symbol, quantity, _ in trades), Fraction(0))

    def value(self, date):
        return self.worth([trade for trade in self.trades if trade[2] <= date], date)

    def twr(self, months=None):
        start = self.unit_prices[0 if months is None else -1 - months]
        return float(self.unit_prices[-1] / start - 1)

    def returns(self):
        return growths(self.unit_prices)

    def mwr(self):
        flows = [(date, -float(paid)) for date, paid in self.paid_in] + [(LAST, float(self.value(LAST)))]
        return newton(flows)


def growths(prices):
    return [float(after / before) - 1 for before, after in zip(prices, prices[1:])]


def newton(flows):
    """The yearly rate that makes the present value of flows 0."""
    start = flows[0][0]
    terms = [((date - start).days / 365, amount) for date, amount in flows]
    rate = 0.1
    for _ in range(100):
        value = sum(amount * (1 + rate) ** -years for years, amount in terms)
        slope = sum(-years * amount * (1 + rate) ** (-years - 1) for years, amount in terms)
        step = value / slope
        rate -= step
        if abs(step) < 1e-15:
            break
    return rate


def sharpe(returns, risk_free=0.02):
    excess = [each - risk_free / 12 for each in returns]
    return statistics.mean(excess) / statistics.stdev(excess) * math.sqrt(12)


def volatility(returns):
    return statistics.stdev(returns) * math.sqrt(12)


def drawdown(prices):
    """The worst of all pairs of an earlier and a later price, with where they are."""
    pairs = ((float(prices[j] / prices[i]) - 1, i, j) for i in range(len(prices)) for j in range(i, len(prices)))
    return min(pairs, key=lambda pair: (pair[0], pair[1], pair[2]))


def drawdown_at_risk(prices, window, one_in):
    """The depth that one window in so many exceeds."""
    depths = sorted(drawdown(prices[i:i + window])[0] for i in range(len(prices) - window + 1))
    return depths[len(depths) // one_in]


def regression(x, y):
    n = min(len(x), len(y))
    x, y = x[-n:], y[-n:]
    slope, centre = statistics.linear_regression(x, y)
    residual = sum((b - centre - slope * a) ** 2 for a, b in zip(x, y))
    total = sum((b - statistics.mean(y)) ** 2 for b in y)
    return {"slope": slope, "intercept": centre, "r_squared": 1 - residual / total}


def attribution(trades, base, months):
    """Today's lots as if held for so many months."""
    start = DATES[-1 - months]
    value = lambda prices, rates: sum(  # noqa: E731
        quantity * CLOSES[symbol][prices] / dollars(base, rates) for symbol, quantity, _ in trades
    )
    before = value(start, start)
    total = value(LAST, LAST) / before - 1
    local = value(LAST, start) / before - 1
    currency = value(start, LAST) / before - 1
    parts = {"local": local, "currency": currency, "interaction": total - local - currency, "total": total}
    return {name: float(part) for name, part in parts.items()}


# The economy ----------------------------------------------------------------------------------------------------------


def z_score(values):
    return (values[-1] - statistics.mean(values)) / statistics.stdev(values)


def regime():
    curve, jobless, spread = (z_score(INDICATORS[name]) for name in ("T10Y2Y", "UNRATE", "BAA10Y"))
    fits = sorted(
        [
            (curve + jobless - spread, "early_expansion"),
            (-abs(curve) - abs(jobless) - spread, "mid_expansion"),
            (-curve - jobless - spread, "late_expansion"),
            (spread + jobless - curve, "contraction"),
        ],
        reverse=True,
    )
    return {
        "regime": fits[0][1],
        "confidence": -math.expm1(fits[1][0] - fits[0][0]),
        "z_scores": {"curve": curve, "unemployment": jobless, "spread": spread},
    }


def cycles():
    inflation, jobless, debt = (INDICATORS[name] for name in ("CPIAUCSL", "UNRATE", "GFDEGDQ188S"))
    return {
        "inflation_gap": inflation[-1] - statistics.mean(inflation),
        "unemployment_gap": jobless[-1] - statistics.mean(jobless),
        "inflation_trend": inflation[-1] - inflation[-7],
        "unemployment_trend": jobless[-1] - jobless[-7],
        "debt_to_output": debt[-1],
        "growth": debt[-1] - debt[-13],
    }


# Ratings and trades ---------------------------------------------------------------------------------------------------


def points(value, worst, best):
    value, worst, best = (Fraction(str(each)) for each in (value, worst, best))
    return max(Fraction(0), min(Fraction(10), (value - worst) * 10 / (best - worst)))


def average(*values):
    return sum(values, Fraction(0)) / len(values)


def rating(symbol):
    of = SIMULATED["fundamentals"][symbol]
    dividend = Fraction(0) if of["dividendYield"] == 0 else average(
        points(of["payoutRatio"], 0.9, 0.3), points(of["freeCashFlowMargin"], 0, 0.25), points(of["dividendYears"], 0, 20)
    )
    moat = average(points(of["returnOnEquity"], 0.05, 0.35), points(of["grossProfitMargin"], 0.15, 0.7))
    firm = average(
        points(of["debtEquityRatio"], 2, 0), points(of["currentRatio"], 0.8, 2.5), points(of["interestCoverage"], 1, 30)
    )
    overall = dividend * Fraction("0.25") + moat * Fraction("0.4") + firm * Fraction("0.35")
    return {"dividend_safety": dividend, "moat_strength": moat, "resilience": firm, "overall": overall}


def under_limit(ratings, limit):
    """min(limit, scale * rating), with the scale at which the weights add up to 1."""
    low, high = 0.0, 1e6
    for _ in range(200):
        scale = (low + high) / 2
        if sum(min(limit, scale * each) for each in ratings.values()) < 1:
            low = scale
        else:
            high = scale
    return {symbol: min(limit, high * each) for symbol, each in ratings.items()}


def rebalanced(weights, targets, total):
    drift = {symbol: targets[symbol] - weights[symbol] for symbol in weights}
    traded = {symbol: each for symbol, each in drift.items() if abs(each) >= 0.02}
    after = [targets[symbol] if symbol in traded else weights[symbol] for symbol in weights]
    return {
        "trades": {symbol: {"amount": each * total, "target_weight": targets[symbol]} for symbol, each in traded.items()},
        "turnover": sum(abs(each) for each in traded.values()) / 2,
        "concentration_before": sum(weight ** 2 for weight in weights.values()),
        "concentration_after": sum(weight ** 2 for weight in after),
        "largest_before": max(weights.values()),
        "largest_after": max(after),
    }


# The figures by test file ---------------------------------------------------------------------------------------------


def finance():
    traded = Portfolio(
        [("AAPL", 100, on("2005-01-01")), ("MSFT", 200, on("2007-06-01")), ("AAPL", -40, on("2009-01-01"))]
    )
    series = {name: [CLOSES[name][date] for date in DATES if date in CLOSES[name]] for name in CLOSES}
    found = {"returns": {"valuations": len(traded.dates), "twr": traded.twr(), "mwr": traded.mwr()}}
    for name in ("AAPL", "IBM", "SPX"):
        depth, peak, trough = drawdown(series[name])
        returns = growths(series[name])
        found[name] = {
            "volatility": volatility(returns),
            "sharpe": sharpe(returns),
            "max_drawdown": [depth, str(DATES[peak]), str(DATES[trough])],
        }
    found["SPX"]["drawdown_at_risk"] = drawdown_at_risk(series["SPX"], 12, 20)
    found["AAPL on SPX"] = regression(growths(series["SPX"]), growths(series["AAPL"]))
    return found


def demonstration():
    growth = Portfolio(GROWTH)
    worth = {symbol: float(quantity * CLOSES[symbol][LAST]) for symbol, quantity, _ in GROWTH}
    total = sum(worth.values())
    weights = {symbol: worth[symbol] / total for symbol in sorted(worth)}
    ratings = {symbol: float(rating(symbol)["overall"]) for symbol in weights}
    overall = growth.twr()
    return {
        "growth": {
            "value": float(growth.value(LAST)),
            "last values": {str(date): float(growth.value(date)) for date in growth.dates[-3:]},
            "weights": weights,
            "cost": {symbol: float(quantity * CLOSES[symbol][date]) for symbol, quantity, date in GROWTH},
            "twr": overall,
            "annualised": (1 + overall) ** (12 / (len(growth.dates) - 1)) - 1,
            "periods": len(growth.dates) - 1,
            "twr of 12 months": growth.twr(12),
            "mwr": growth.mwr(),
            "sharpe": sharpe(growth.returns()),
            "volatility": volatility(growth.returns()),
            "max_drawdown": drawdown(growth.unit_prices)[0],
            "dar": drawdown_at_risk(growth.unit_prices, 12, 20),
            "on the index": regression(growths([CLOSES["SPX"][date] for date in DATES]), growth.returns()),
            "attribution": attribution(GROWTH, "USD", 12),
            "ratings": ratings,
            "rebalanced": rebalanced(weights, under_limit(ratings, 0.4), total),
        },
        "income in euros": {"attribution": attribution(INCOME, "EUR", 12)},
        "ratings": {
            symbol: {name: float(score) for name, score in rating(symbol).items()} for symbol in SIMULATED["fundamentals"]
        },
        "regime": regime(),
        "cycles": cycles(),
        "indicators": {name: values[-1] for name, values in INDICATORS.items()},
        "euro": float(dollars("EUR", LAST)),
    }


if __name__ == "__main__":
    print(json.dumps(
        {
            "finance/Finance.test.ts": finance(),
            "Program.test.ts, api/Routes.test.ts, agents/Capabilities.test.ts": demonstration(),
        },
        indent=2,
    ))
