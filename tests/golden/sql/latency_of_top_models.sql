WITH facts AS (
  SELECT
    COALESCE(CAST(model AS TEXT), '(none)') AS d0,
    1 AS exchanges,
    CASE WHEN pricing_status = 'unpriced' THEN 1 ELSE 0 END AS unpriced,
    CASE WHEN pricing_status = 'unmetered' THEN 1 ELSE 0 END AS unmetered,
    CASE WHEN usage_source = 'partial' THEN 1 ELSE 0 END AS partial,
    latency_us,
    ttfb_us
  FROM exchanges
), leaders AS (
  SELECT
    d0
  FROM facts
  GROUP BY
    d0
  ORDER BY
    QUANTILE_DISC(latency_us, [0.99])[1] DESC,
    d0
  LIMIT 3
), keyed AS (
  SELECT
    leaders.d0 IS NULL AS rest,
    CASE WHEN leaders.d0 IS NULL THEN '(other)' ELSE facts.d0 END AS d0,
    exchanges,
    unpriced,
    unmetered,
    partial,
    latency_us,
    ttfb_us
  FROM facts
  LEFT JOIN leaders
    ON facts.d0 = leaders.d0
)
SELECT
  GROUPING(rest) AS is_total,
  rest,
  d0,
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial,
  QUANTILE_DISC(latency_us, [0.50, 0.99]) AS latency_us,
  QUANTILE_DISC(ttfb_us, [0.95]) AS ttfb_us
FROM keyed
GROUP BY
  GROUPING SETS (
    (rest, d0),
    ()
  )
ORDER BY
  is_total DESC,
  rest ASC,
  QUANTILE_DISC(latency_us, [0.99])[1] DESC,
  d0
