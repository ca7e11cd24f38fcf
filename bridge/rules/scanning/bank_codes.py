"""Names that are used for payments only: handles of UPI addresses, codes of banks.

Data. The handles are gathered from public code that checks UPI addresses; NPCI's own list, which knows more, is at
https://www.npci.org.in/what-we-do/upi/3rd-party-apps. The codes are the first letters of IFSCs, from banknames.json of
https://github.com/razorpay/ifsc, which copies RBI's list; of the co-operative banks only some. Both lists grow: what is
not in them is still found beside a word that says what it is.
"""

# ruff: noqa: SIM905 - hundreds of short words are read in lines, not in a column

from __future__ import annotations

# Ordinary words or bank names as well: `me @ sbi` may be a place
AMBIGUOUS_UPI_HANDLES = frozenset(
    "airtel axis bandhan birla bob citi db dbs equitas fam federal hsbc icici idbi idfc indie indus jio kotak nsdl "
    "paytm pockets sbi sc slice upi yes".split()
)
UPI_HANDLES = AMBIGUOUS_UPI_HANDLES | frozenset(
    "abfspay abcdicici airtelpaymentsbank allbank apb apl aubank axb axisb axisbank axisgo axl barodampay barodapay "
    "boi bpunity cbin cboi centralbank citibank cmsidfc cnrb csbpay cub dcb dlb eazypay ezeepay fbl fbpe fifederal "
    "fincarebank finobank fkaxis freecharge freoicici goaxb gwaxis hdfcbank hdfcbankjd ibl icicibank icicipay "
    "idbibank idfcbank idfcfirst idfcfirstbank ikwik imobile indianbank inhdfc iob jarunity jkb jsb jupiteraxis "
    "karb kaypay kbaxis kbl kmb kmbl kotak811 kphdfc kvb mahb mairtel mboi mvhdfc myicici naviaxis niyoicici okaxis "
    "okbizaxis okhdfcbank okicici oksbi oneyes payzapp pingpay pnb pnbpay postbank psb ptaxis pthdfc ptsbi ptyes pz "
    "rapl rbl rmhdfcbank rmrbl scb scbl seyes shriramhdfcbank sib slc sliceaxis slicepay srcb superyes tapicici "
    "timecosmos tjsb ubi uboi uco unionbank unionbankofindia utbi waaxis wahdfcbank waicici wasbi yapl ybl "
    "yesb yesbank yesbankltd yescred yescurie yesfam yesg yespay yespop yestp zoicici".split()
)
# Follow an @ but are not for payments: mail domains without ending, and names in apps
NON_PAYMENT_HANDLES = frozenset(
    "gmail yahoo ymail hotmail outlook rediffmail icloud live proton "
    "facebook fb insta instagram snapchat telegram twitter whatsapp youtube".split()
)
IFSC_BANK_CODES = frozenset(
    "ABHY ABPB AIRP ALLA AMCB ANDB APGB APMC AUBL BACB BARB BARC BBKM BCBM BDBL BKDN BKID CBIN CITI CIUB CLBL CNRB CORP "
    "COSB CSBK DBSS DCBL DEUT DLXB DNSB ESFB ESMF FDRL FINO FSFB GBCB GSCB HDFC HSBC IBKL ICIC IDFB IDIB INDB IOBA IPOS "
    "JAKA JIOP JSBL JSBP JSFB KARB KCCB KJSB KKBK KLGB KVBL KVGB LAVB MAHB MAHG MCBL MSCI NESF NICB NKGS NNSB NSPB NTBL "
    "ORBC PJSB PKGB PMCB PSIB PUNB PYTM RATN RNSB SBBJ SBHY SBIN SBMY SBTR SCBL SIBL SMCB SPCB SRCB STBP SURY SVCB SYNB "
    "TJSB TMBL TNSC UBIN UCBA UJVN USFB UTBI UTIB UTKS VIJB VVSB VYSA WBSC YESB".split()
)
