<?php
// What the shop knows of its orders: SQLite by PDO, money in halalas.
//
// A delivery is noted and booked in one transaction, so that a crash neither loses it nor books it
// twice. Only sums and flags are kept: no order of arrival matters.
declare(strict_types=1);

const SCHEMA = <<<'SQL'
create table if not exists deliveries (digest text primary key);
create table if not exists orders (
    id text primary key, total integer not null, refunded integer not null default 0,
    cancelled integer not null default 0);
SQL;

function database(): PDO
{
    static $database = null;
    if ($database === null) {
        $path = getenv('SHOP_DATABASE') ?: __DIR__ . '/../shop.db';
        $database = new PDO("sqlite:$path", options: [PDO::ATTR_TIMEOUT => 5]); // errors are thrown
        $database->exec('pragma journal_mode = wal; pragma synchronous = full');
        $database->exec(SCHEMA);
    }
    return $database;
}

// Books what a delivery tells, once. A repeat is the same bytes again; (order, event) is no key,
// for two partial refunds of one order share it.
function book(string $digest, string $orderId, string $event, int $total, int $back): void
{
    $database = database();
    $database->exec('begin immediate'); // several PHP workers take turns
    try {
        $noted = $database->prepare('insert or ignore into deliveries values (?)');
        $noted->execute([$digest]);
        if ($noted->rowCount() === 1) {
            $database->prepare(
                'insert into orders values (?, ?, ?, ?) on conflict (id) do update set'
                . ' refunded = refunded + excluded.refunded,'
                . ' cancelled = max(cancelled, excluded.cancelled)'
            )->execute([$orderId, $total, $back, (int) ($event === 'cancelled')]);
        }
        $database->exec('commit');
    } catch (Throwable $error) {
        $database->exec('rollback');
        throw $error; // 500: Points delivers it again
    }
}

// The state of an order, or null for one that nobody told us of.
function state(string $orderId): ?array
{
    $found = database()->prepare('select total, refunded, cancelled from orders where id = ?');
    $found->execute([$orderId]);
    $order = $found->fetch(PDO::FETCH_ASSOC);
    if ($order === false) {
        return null;
    }
    $status = match (true) {
        $order['cancelled'] > 0 => 'cancelled',
        $order['refunded'] === 0 => 'approved',
        $order['refunded'] >= $order['total'] => 'fully_refunded',
        default => 'partially_refunded',
    };
    return ['order_status' => $status, 'refunded_amount' => $order['refunded']];
}
