-- Sentiments were stored with the alert once, and one that was asked for twice was evaluated twice.
update alerts set active = false
where alert_type = 'news_sentiment' or exists (
  select from alerts same where same.active and same.id < alerts.id and same.user_id = alerts.user_id
    and same.alert_type = alerts.alert_type and same.condition = alerts.condition
    and same.delivery_method = alerts.delivery_method
);

create unique index alerts_once on alerts (user_id, alert_type, condition, delivery_method) where active;
