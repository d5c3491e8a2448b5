-- What the pipelines load, and what people read: made once, by whoever owns the database.
create schema raw;
create schema curated;
create schema analytics;

create table raw.metadata (document text, received date, archived date, uploaded date);
create table raw.verifyplus ("verifyCloseDatetime" timestamptz, "claimNumber" text, "amountPaid" numeric);

-- Refreshed while they are read, so each has a unique index over all of its rows.
create materialized view curated.demands_archived as
  select distinct on (document) document, archived from raw.metadata where archived is not null
  order by document, archived desc;
create unique index on curated.demands_archived (document);

create materialized view curated.demands_uploaded as
  select distinct on (document) document, uploaded from raw.metadata where uploaded is not null
  order by document, uploaded desc;
create unique index on curated.demands_uploaded (document);

create materialized view curated.verifyplus as
  select "claimNumber", max("verifyCloseDatetime") as closed, sum("amountPaid") as paid from raw.verifyplus group by 1;
create unique index on curated.verifyplus ("claimNumber");

create materialized view analytics.demands_summary as
  select month, coalesce(a.n, 0)::int as archived, coalesce(u.n, 0)::int as uploaded
  from (select date_trunc('month', archived)::date as month, count(*) as n from curated.demands_archived group by 1) a
  full outer join (select date_trunc('month', uploaded)::date as month, count(*) as n from curated.demands_uploaded group by 1) u
  using (month);
create unique index on analytics.demands_summary (month);
