WITH cells AS (
  SELECT
    COUNT(*) AS exchanges,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unpriced') AS unpriced,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unmetered') AS unmetered,
    COUNT(*) FILTER(WHERE
      usage_source = 'partial') AS partial,
    SUM(list_cost) AS cost
  FROM exchanges
), facts AS (
  SELECT
    exchanges,
    unpriced,
    unmetered,
    partial,
    cost
  FROM cells
)
SELECT
  1 AS is_total,
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial,
  SUM(cost) AS cost
FROM facts
