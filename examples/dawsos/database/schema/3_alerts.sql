create table alerts (
  id text primary key, user_id text not null references users, alert_type text not null, condition jsonb not null,
  delivery_method text not null, cooldown_minutes integer not null, active boolean not null default true,
  last_triggered_at timestamptz
);

create table notifications (
  id serial primary key, alert_id text not null, user_id text not null, delivery_method text not null,
  message text not null, delivered_at timestamptz not null default now()
);

create table dlq (
  id serial primary key, alert_id text not null, user_id text not null, delivery_method text not null,
  message text not null, attempts integer not null, next_attempt_at timestamptz not null,
  status text not null default 'waiting'
);

create table audit_log (
  id serial primary key, user_id text not null, action text not null, request_id text not null,
  outcome text not null, happened_at timestamptz not null default now()
);
