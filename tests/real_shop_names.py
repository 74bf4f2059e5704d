"""Names of products as sellers in TikTok Shop's markets write them: invented, true to life.

Neighbours are often look-alikes: things that differ in a colour, a size, a number, a material, or only in which word
comes first.
"""


class Sold:
    """One thing, and the names under which it is listed."""

    def __init__(self, *names: str, otherwise: tuple[str, ...] = ()) -> None:
        #: The same words, but for case, signs, order and what is said of the offer.
        self.names = names
        #: In other words (a synonym, a missing accent, a word left out), or in another order where order tells what
        #: belongs to what: only guessing would bring them together.
        self.otherwise = otherwise


THINGS = (
    # English: bags and shoes.
    Sold(
        "Women's Crossbody Bag Vintage Brown Leather Shoulder Purse",
        "🔥HOT SALE🔥 Vintage Brown Leather Crossbody Bag Women's Shoulder Purse",
        "[Free Shipping] Crossbody Bag, Shoulder Purse, Vintage, Brown Leather – Womens",
        "CROSSBODY BAG VINTAGE BROWN LEATHER SHOULDER PURSE FOR WOMEN ✨ready stock✨",
        otherwise=("Vintage Leather Crossbody Purse for Ladies, Brown",),
    ),
    Sold("Women's Crossbody Bag Vintage Black Leather Shoulder Purse"),
    Sold("Women's Crossbody Bag Vintage Brown Canvas Shoulder Purse"),
    Sold("Women's Bag Chain Gold Replacement 120cm"),
    Sold("Women's Chain Bag Gold 120cm Replacement"),
    Sold(
        "Breathable Running Shoes for Men Lightweight Mesh Sneakers",
        "Men's Running Shoes | Lightweight | Breathable | Mesh Sneakers",
        "2025 New Arrival Men Mesh Sneakers Lightweight Breathable Running Shoes",
        "【Official】Running Shoes Men Mesh Sneakers Breathable, Lightweight (COD)",
        otherwise=("Men's lightweight mesh running sneaker",),
    ),
    Sold("Breathable Running Shoes for Women Lightweight Mesh Sneakers"),
    Sold("Non-Slip Clogs Unisex Garden Shoes White Size 42", "Garden Shoes Unisex Clogs Non Slip, White, Size 42 💯"),
    Sold("Non-Slip Clogs Unisex Garden Shoes White Size 43"),
    Sold("Chunky Sock Boots Women Stretch Knit"),
    Sold("Chunky Boot Socks Women Stretch Knit"),
    # English: clothes.
    Sold(
        "Oversized T-Shirt Unisex Heavy Cotton Drop Shoulder",
        "T Shirt Oversized Drop Shoulder Heavy Cotton Unisex",
        "BEST SELLER ⭐ Oversized Tshirt, Heavy Cotton, Drop Shoulder, Unisex",
        "Heavy Cotton Drop-Shoulder Oversized T-shirt (Unisex) #viral #tiktokviral",
    ),
    Sold(
        "Oversized T-Shirt Unisex Heavy Cotton Drop Shoulder 3 Pack",
        "3-Pack T-Shirt Oversized Unisex Drop Shoulder Heavy Cotton",
        otherwise=("3-Pack Oversized Tee Unisex Heavy Cotton Drop Shoulder",),
    ),
    Sold("Women's Long Sleeve Dress Shirt Cotton White", "Dress Shirt Women's White Long Sleeve Cotton - Free Returns"),
    Sold("Women's Long Sleeve Shirt Dress Cotton White", "NEW! White Cotton Shirt Dress, Long Sleeve, Women's"),
    Sold(
        "Black Shirt with White Collar Uniform",
        "Black Shirt With White Collar, Uniform!!",
        otherwise=("Uniform Black Shirt with White Collar",),
    ),
    Sold("White Shirt with Black Collar Uniform"),
    Sold("Long Sleeve Short Dress Ribbed Knit", "LONG SLEEVE SHORT DRESS, ribbed knit ✨"),
    Sold("Short Sleeve Long Dress Ribbed Knit"),
    Sold("Red Dress Gold Belt Party Set"),
    Sold("Gold Dress Red Belt Party Set"),
    Sold("New York City Hoodie Embroidered Navy", "Embroidered Navy Hoodie New York City 🗽"),
    Sold("York City Hoodie Embroidered Navy"),
    # English: electronics.
    Sold(
        "Wireless Bluetooth Earbuds 5.3 Noise Cancelling 40H Playtime",
        "Bluetooth 5.3 Wireless Earbuds, 40h Playtime, Noise Cancelling",
        "⚡️ Wireless Earbuds Bluetooth 5.3 – 40H Playtime – Noise Cancelling | US Local Stock",
        "2026 Latest Noise Cancelling Wireless Earbuds Bluetooth 5.3 40H Playtime Sale 50% OFF",
    ),
    Sold("Wireless Bluetooth Earbuds 5.2 Noise Cancelling 40H Playtime"),
    Sold("Wireless Bluetooth Earbuds 5.3 Noise Cancelling 30H Playtime"),
    Sold(
        "Power Bank 10,000mAh 22.5W Fast Charging Slim",
        "Slim Power Bank 10000 mAh Fast Charging 22.5W [Ready Stock]",
        "10000mAh slim power bank | 22.5 W fast charging",
    ),
    Sold("Power Bank 20,000mAh 22.5W Fast Charging Slim", "20000mAh Power Bank Slim Fast Charging 22.5W"),
    Sold("HDMI to VGA Adapter 1080P Gold Plated", "HDMI to VGA Adapter, 1080p, gold-plated 🔥"),
    Sold("VGA to HDMI Adapter 1080P Gold Plated"),
    Sold("Charging Cable 2m Extension 5m Set"),
    Sold("Charging Cable 5m Extension 2m Set"),
    Sold("HDMI Male VGA Female Converter Cable"),
    Sold("HDMI Female VGA Male Converter Cable"),
    Sold("Phone Case for S23 Clear Shockproof", otherwise=("Clear Shockproof Phone Case S23",)),
    Sold("Phone Case for S23+ Clear Shockproof"),
    Sold("USB Flash Drive 128GB Metal Waterproof", "Metal USB Flash Drive Waterproof 128 GB ✅Official Store"),
    Sold("USB Flash Drive 64GB Metal Waterproof"),
    Sold("5 pcs Charging Cable 2m Braided"),
    Sold("2 pcs Charging Cable 5m Braided", "Braided Charging Cable 2pcs 5 m"),
    # English: home, toys, beauty.
    Sold(
        "Stainless Steel Water Bottle 1L Insulated Leak Proof",
        "Insulated Leak-Proof Water Bottle, Stainless Steel, 1 L",
        "Leak Proof Water Bottle Insulated Stainless Steel 1 Litre (New)",
    ),
    Sold(
        "Stainless Steel Water Bottle 1.5L Insulated Leak Proof",
        "Stainless Steel Water Bottle 1,5 L Insulated Leak Proof",
    ),
    Sold("Red Wine Glass Hand Blown Set of 2", "Hand-Blown Red Wine Glass, Set of 2"),
    Sold("Wine Red Glass Hand Blown Set of 2"),
    Sold("Blue Light Glasses Anti Glare Frame", "Anti-Glare Blue Light Glasses Frame"),
    Sold("Light Blue Glasses Anti Glare Frame"),
    Sold(
        "Storage Box 20 x 30 cm Foldable with Lid",
        "Storage box 20x30cm foldable with lid",
        otherwise=("Foldable Storage Box with Lid 20x30cm",),
    ),
    Sold("Storage Box 30 x 40 cm Foldable with Lid"),
    Sold("2025 New Wall Calendar Cats Monthly"),
    Sold("2026 New Wall Calendar Cats Monthly"),
    Sold("2025 New Year Party Banner Foil"),
    Sold("2026 New Year Party Banner Foil", "New Year 2026 Foil Party Banner"),
    Sold("Ring 0.5 Carat Round Cut Adjustable", "Ring .5 Carat Round Cut Adjustable"),
    Sold("Ring 5 Carat Round Cut Adjustable"),
    Sold("Gifts for Mom from Daughter Engraved Necklace", otherwise=("Engraved Necklace Gift for Mom from Daughter",)),
    Sold("Gifts for Daughter from Mom Engraved Necklace"),
    Sold("Plush Toy Cat Soft 30cm"),
    Sold("Plush Cat Toy Soft 30cm"),
    Sold("Stainless Steel Water Bottle 15L Insulated Leak Proof"),
    Sold("Sunscreen 50+ Watery Gel 50ml"),
    Sold("Sunscreen 50 Watery Gel 50ml"),
    Sold("Sunscreen SPF50+ PA++++ 50ml Watery Gel"),
    Sold("Sunscreen SPF50+ PA+++ 50ml Watery Gel"),
    Sold("Milk Chocolate Powder 500g"),
    Sold("Chocolate Milk Powder 500g"),
    Sold("Cod Liver Oil Capsules 1000mg 60 pcs", "COD LIVER OIL Capsules 1000 mg (60pcs) 🔥COD🔥"),
    Sold("Liver Oil Capsules 1000mg 60 pcs"),
    Sold("Reading Glasses +1.50 Blue Light Blocking", "Blue Light Blocking Reading Glasses +1.50 - Hot Sale"),
    Sold("Reading Glasses +2.00 Blue Light Blocking"),
    Sold("Reading Glasses -1.50 Blue Light Blocking"),
    # Indonesian.
    Sold(
        "Tas Selempang Wanita Kulit Sintetis Hitam",
        "TAS SELEMPANG WANITA HITAM KULIT SINTETIS 🔥 BISA COD 🔥",
        "[Gratis Ongkir] Tas Selempang Kulit Sintetis Wanita - Hitam Terbaru 2025",
        "Tas selempang kulit sintetis hitam untuk wanita | PROMO | READY STOK",
        otherwise=("Slingbag cewek kulit hitam",),
    ),
    Sold("Tas Selempang Wanita Kulit Sintetis Coklat", "Coklat Tas Selempang Wanita Kulit Sintetis Murah"),
    Sold("Kaos Polos Pria Cotton Combed 30s Lengan Pendek", "Kaos Pria Polos Lengan Pendek Cotton Combed 30s ORIGINAL"),
    Sold("Kaos Polos Pria Cotton Combed 24s Lengan Pendek"),
    Sold("Kemeja Panjang Lengan Pendek Wanita Rayon"),
    Sold("Kemeja Pendek Lengan Panjang Wanita Rayon"),
    Sold("Hijab Segi Empat Voal Premium 110x110", "Segi Empat Voal Hijab 110 x 110 Premium (best seller)"),
    # Malay.
    Sold(
        "Baju Kurung Moden Wanita Cotton Biru Saiz M",
        "READY STOCK Baju Kurung Moden Cotton Wanita Saiz M Biru",
        "Baju kurung moden, cotton, biru, saiz M, wanita. Murah! Free postage",
    ),
    Sold("Baju Kurung Moden Wanita Cotton Biru Saiz L"),
    # Vietnamese.
    Sold(
        "Áo khoác da nữ dáng ngắn phong cách Hàn Quốc",
        "🍀 Áo khoác da nữ phong cách Hàn Quốc dáng ngắn – Miễn phí vận chuyển",
        "[FREESHIP] ÁO KHOÁC DA NỮ DÁNG NGẮN PHONG CÁCH HÀN QUỐC mẫu mới 2025",
        otherwise=("Ao khoac da nu dang ngan phong cach Han Quoc",),
    ),
    Sold("Áo khoác dạ nữ dáng ngắn phong cách Hàn Quốc"),
    Sold("Đèn bàn học LED chống cận 3 chế độ sáng", "Đèn LED bàn học chống cận, 3 chế độ sáng (giá rẻ)"),
    Sold("Đèn bàn học LED chống cận 5 chế độ sáng"),
    Sold("Bình giữ nhiệt inox 500ml màu đen", "Bình giữ nhiệt inox màu đen 500 ml [Hàng chính hãng]"),
    # Thai.
    Sold(
        "เสื้อยืดโอเวอร์ไซส์ ผ้าฝ้าย สีดำ",
        "[ส่งฟรี] เสื้อยืดโอเวอร์ไซส์ สีดำ ผ้าฝ้าย 🔥",
        "พร้อมส่ง!! เสื้อยืดโอเวอร์ไซส์ ผ้าฝ้าย สีดำ มาใหม่ 2025",
        otherwise=("เสื้อยืดผ้าฝ้ายสีดำโอเวอร์ไซส์",),
    ),
    Sold("เสื้อยืดโอเวอร์ไซส์ ผ้าฝ้าย สีขาว", "เสื้อยืดโอเวอร์ไซส์ สีขาว ผ้าฝ้าย ลดราคา"),
    Sold("กระเป๋าสะพายข้าง หนังแท้ ผู้หญิง"),
    Sold("กระเป๋าสะพายข้าง หนังเทียม ผู้หญิง", "กระเป๋าสะพายข้าง ผู้หญิง หนังเทียม เก็บเงินปลายทาง"),
    # Filipino.
    Sold(
        "Tsinelas Pambabae Malambot Non Slip Pambahay",
        "Pambahay Tsinelas Pambabae Non-Slip Malambot COD",
        "✅ONHAND Malambot Tsinelas Pambahay Pambabae Non Slip (Libreng Shipping)",
    ),
    Sold("Tsinelas Panlalaki Malambot Non Slip Pambahay"),
    # Spanish.
    Sold(
        "Vestido Largo de Verano Mujer Estampado Floral",
        "✨Vestido Mujer Largo Verano Estampado Floral✨ ENVÍO GRATIS",
        "Vestido largo estampado floral de verano para mujer | Nuevo",
        otherwise=("Vestido de verano largo con flores mujer",),
    ),
    Sold("Vestido Corto de Verano Mujer Estampado Floral"),
    Sold("Moño para Niña Satén Rosa 12 cm", "Moño Satén Rosa Niña 12cm oferta"),
    Sold("Mono para Niña Satén Rosa 12 cm"),
    Sold("Adaptador HDMI a VGA 1080p"),
    Sold("Adaptador VGA a HDMI 1080p"),
    Sold("Cámara de Seguridad WiFi Exterior 3MP", otherwise=("Camara de Seguridad WiFi Exterior 3MP",)),
    # Portuguese.
    Sold(
        "Bolsa Feminina Transversal Couro Preta Pequena",
        "BOLSA TRANSVERSAL FEMININA PEQUENA PRETA COURO - FRETE GRÁTIS",
        "Pronta entrega! Bolsa Pequena Feminina Couro Transversal Preta",
    ),
    Sold("Bolsa Feminina Transversal Couro Preta Grande"),
    Sold("Caneca Avó Porcelana 325ml", "Caneca Porcelana Avó 325 ml Lançamento"),
    Sold("Caneca Avô Porcelana 325ml"),
    Sold("Kit 3 Cuecas Boxer Algodão Masculina", "3 Cuecas Boxer Algodão Masculina Kit Promoção"),
    Sold("Kit 6 Cuecas Boxer Algodão Masculina"),
    # German, French, Italian.
    Sold(
        "Damen Handtasche Umhängetasche Leder Cognac Groß",
        "Handtasche Damen Leder Groß Cognac Umhängetasche ✔ Kostenloser Versand",
        otherwise=("Große Damenhandtasche aus Leder, Cognac",),
    ),
    Sold("Damen Handtasche Umhängetasche Kunstleder Cognac Groß"),
    Sold("LED Lichterkette 10 m Warmweiß Innen & Außen", "Lichterkette LED Innen und Außen Warmweiß 10m NEU"),
    Sold("LED Lichterkette 20 m Warmweiß Innen & Außen"),
    Sold("Sac à Main Femme Cuir Noir Bandoulière", "Sac à Main Femme Cuir Noir Bandoulière – LIVRAISON GRATUITE"),
    Sold("Coque Téléphone 14 Transparente Antichoc", "Coque Transparente Antichoc Téléphone 14 promo"),
    Sold("Coque Téléphone 15 Transparente Antichoc"),
    Sold(
        "Scarpe da Ginnastica Uomo Leggere Traspiranti",
        "Scarpe Uomo Leggere da Ginnastica Traspiranti spedizione gratuita",
    ),
    Sold("Scarpe da Ginnastica Donna Leggere Traspiranti"),
    # Japanese.
    Sold(
        "レディース ショルダーバッグ 大容量 軽量 ブラック",
        "【送料無料】ショルダーバッグ レディース 軽量 大容量 ブラック",
        "2025年新作 ショルダーバッグ レディース ﾌﾞﾗｯｸ 軽量 大容量",
        otherwise=("大容量ショルダーバッグ レディース 軽量 ブラック",),
    ),
    Sold("レディース ショルダーバッグ 大容量 軽量 ベージュ", "ショルダーバッグ 大容量 軽量 レディース ベージュ ★人気★"),
    Sold("シャツ ワンピース レディース 長袖 綿"),
    Sold("ワンピース シャツ レディース 長袖 綿"),
    Sold("スマホケース 14 クリア 耐衝撃"),
    Sold("スマホケース 15 クリア 耐衝撃"),
    # Names that say next to nothing.
    Sold("Handbag"),
    Sold("Handbag"),
    Sold("🔥🔥🔥"),
    Sold("🔥🔥🔥"),
    Sold("Hot Sale Free Shipping 2025"),
    Sold("Hot Sale!! Free Shipping 2025"),
    Sold(""),
    Sold(""),
)
