/** The schema, in steps that are applied once each. */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"

const statements = (...texts: ReadonlyArray<string>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.forEach(texts, (text) => sql.unsafe(text), { discard: true }))

export const migrations = Migrator.fromRecord({
  "1_market": statements(
    `create table securities (
      id text primary key, symbol text not null unique, name text not null, sector text not null,
      currency text not null
    )`,
    `create table prices (
      security_id text not null references securities, asof_date date not null, close double precision not null,
      source text not null, primary key (security_id, asof_date)
    )`,
    `create table fx_rates (
      currency text not null, asof_date date not null, usd double precision not null, source text not null,
      primary key (currency, asof_date)
    )`,
    `create table macro_indicators (
      indicator_id text not null, asof_date date not null, value double precision not null, source text not null,
      primary key (indicator_id, asof_date)
    )`,
    `create table pricing_packs (
      id text primary key, asof_date date not null, policy text not null, status text not null, sha256 text,
      size_bytes integer, payload jsonb, created_at timestamptz not null default now(), fresh_at timestamptz
    )`
  ),
  "2_ledger": statements(
    `create table users (
      id text primary key, email text not null unique, role text not null, token_sha256 text not null unique
    )`,
    `create table portfolios (
      id text primary key, user_id text not null references users, name text not null, base_currency text not null
    )`,
    `create table lots (
      id serial primary key, portfolio_id text not null references portfolios,
      security_id text not null references securities, quantity double precision not null,
      cost double precision not null, acquired_on date not null
    )`,
    `create table transactions (
      id serial primary key, portfolio_id text not null references portfolios, kind text not null,
      amount double precision not null, happened_on date not null
    )`,
    `create table portfolio_daily_values (
      portfolio_id text not null references portfolios, asof_date date not null, value double precision not null,
      flow double precision not null, primary key (portfolio_id, asof_date)
    )`,
    `create table portfolio_metrics (
      portfolio_id text not null references portfolios, pricing_pack_id text not null, metrics jsonb not null,
      computed_at timestamptz not null default now(), primary key (portfolio_id, pricing_pack_id)
    )`
  ),
  "3_alerts": statements(
    `create table alerts (
      id text primary key, user_id text not null references users, alert_type text not null, condition jsonb not null,
      delivery_method text not null, cooldown_minutes integer not null, active boolean not null default true,
      last_triggered_at timestamptz
    )`,
    `create table notifications (
      id serial primary key, alert_id text not null, user_id text not null, delivery_method text not null,
      message text not null, delivered_at timestamptz not null default now()
    )`,
    `create table dlq (
      id serial primary key, alert_id text not null, user_id text not null, delivery_method text not null,
      message text not null, attempts integer not null, next_attempt_at timestamptz not null,
      status text not null default 'waiting'
    )`,
    `create table audit_log (
      id serial primary key, user_id text not null, action text not null, request_id text not null,
      outcome text not null, happened_at timestamptz not null default now()
    )`
  )
})
