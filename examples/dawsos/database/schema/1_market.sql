create table securities (
  id text primary key, symbol text not null unique, name text not null, sector text not null,
  currency text not null
);

create table prices (
  security_id text not null references securities, asof_date date not null, close double precision not null,
  source text not null, primary key (security_id, asof_date)
);

create table fx_rates (
  currency text not null, asof_date date not null, usd double precision not null, source text not null,
  primary key (currency, asof_date)
);

create table macro_indicators (
  indicator_id text not null, asof_date date not null, value double precision not null, source text not null,
  primary key (indicator_id, asof_date)
);

create table pricing_packs (
  id text primary key, asof_date date not null, policy text not null, status text not null, sha256 text,
  size_bytes integer, payload jsonb, created_at timestamptz not null default now(), fresh_at timestamptz
);
