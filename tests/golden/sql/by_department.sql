-- $1 = datetime.datetime(2026, 11, 1, 0, 0)
-- $2 = datetime.datetime(2026, 12, 1, 0, 0)
WITH cells AS (
  SELECT
    department AS d0,
    COUNT(*) AS exchanges,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unpriced') AS unpriced,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unmetered') AS unmetered,
    COUNT(*) FILTER(WHERE
      usage_source = 'partial') AS partial,
    SUM(list_cost) AS cost,
    COUNT(*) FILTER(WHERE
      NOT outcome IN ('ok', 'client_closed')) AS errors,
    SUM(list_cost) FILTER(WHERE
      outcome <> 'ok' OR NOT block_reason IS NULL) AS wasted_cost
  FROM exchanges
  WHERE
    started_at >= $1 AND started_at < $2
  GROUP BY
    1
), facts AS (
  SELECT
    COALESCE(CAST(d0 AS TEXT), '(none)') AS d0,
    exchanges,
    unpriced,
    unmetered,
    partial,
    cost,
    errors,
    wasted_cost
  FROM cells
)
SELECT
  GROUPING(d0) AS is_total,
  d0,
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial,
  SUM(cost) AS cost,
  SUM(errors) AS errors,
  SUM(wasted_cost) AS wasted_cost
FROM facts
GROUP BY
  GROUPING SETS (
    (d0),
    ()
  )
ORDER BY
  is_total DESC,
  SUM(cost) DESC,
  d0
