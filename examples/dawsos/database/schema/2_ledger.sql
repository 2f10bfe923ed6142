create table users (
  id text primary key, email text not null unique, role text not null, token_sha256 text not null unique
);

create table portfolios (
  id text primary key, user_id text not null references users, name text not null, base_currency text not null
);

create table lots (
  id serial primary key, portfolio_id text not null references portfolios,
  security_id text not null references securities, quantity double precision not null,
  cost double precision not null, acquired_on date not null
);

create table transactions (
  id serial primary key, portfolio_id text not null references portfolios, kind text not null,
  amount double precision not null, happened_on date not null
);

create table portfolio_daily_values (
  portfolio_id text not null references portfolios, asof_date date not null, value double precision not null,
  flow double precision not null, primary key (portfolio_id, asof_date)
);

create table portfolio_metrics (
  portfolio_id text not null references portfolios, pricing_pack_id text not null, metrics jsonb not null,
  computed_at timestamptz not null default now(), primary key (portfolio_id, pricing_pack_id)
);
