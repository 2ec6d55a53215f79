WITH cells AS (
  SELECT
    department AS d0,
    model AS d1,
    COUNT(*) AS exchanges,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unpriced') AS unpriced,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unmetered') AS unmetered,
    COUNT(*) FILTER(WHERE
      usage_source = 'partial') AS partial,
    COUNT(*) FILTER(WHERE
      NOT outcome IN ('ok', 'client_closed')) AS errors,
    SUM(cached_input_tokens) AS cached_input_tokens,
    SUM(input_tokens) AS input_tokens,
    SUM(list_cost) AS cost
  FROM exchanges
  GROUP BY
    1,
    2
), facts AS (
  SELECT
    COALESCE(CAST(d0 AS TEXT), '(none)') AS d0,
    COALESCE(CAST(d1 AS TEXT), '(none)') AS d1,
    exchanges,
    unpriced,
    unmetered,
    partial,
    errors,
    cached_input_tokens,
    input_tokens,
    cost
  FROM cells
)
SELECT
  GROUPING(d0) AS is_total,
  d0,
  d1,
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial,
  SUM(errors) AS errors,
  SUM(cached_input_tokens) AS cached_input_tokens,
  SUM(input_tokens) AS input_tokens,
  SUM(cost) AS cost
FROM facts
GROUP BY
  GROUPING SETS (
    (d0, d1),
    ()
  )
ORDER BY
  is_total DESC,
  SUM(cached_input_tokens) / NULLIF(SUM(input_tokens), 0) DESC,
  d0,
  d1
